import { Button, Checkbox, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isTicked, textIn } from '../../lib/form';
import { useLocale } from '../../lib/language/language';
import { shortDate, shortTime } from '../../lib/time';
import { midnight } from '../../lib/period';
import { Ask } from '../../ui/Ask';
import { CopyLine } from '../../ui/CopyLine';
import { DataTable, type Column } from '../../ui/DataTable';
import { EmptyState } from '../../ui/EmptyState';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { fieldTrouble } from '../../ui/field_trouble';
import { useSession, type Permission } from '../session/session';
import { permissionKey } from './permission_key';
import { useMakeToken, useRevoke, useTokens, type Token } from './queries';
import { SettingsHead } from './SettingsHead';

function Make({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const { permissions } = useSession();
  const make = useMakeToken();
  const [scopes, setScopes] = useState<string[]>([]);
  if (make.data) {
    return (
      <Modal opened onClose={onClose} title={t('token.made')} closeOnClickOutside={false}
        closeButtonProps={{ 'aria-label': t('close') }}>
        <Stack gap="sm">
          <Text>{t('token.once')}</Text>
          <CopyLine value={make.data.secret} what={t('token.token')} />
          <Button onClick={onClose}>{t('token.kept')}</Button>
        </Stack>
      </Modal>
    );
  }
  return (
    <Ask
      opened onClose={onClose} title={t('token.make')} yes={t('token.make')} busy={make.isPending} error={make.error}
      onYes={(form) => {
        const until = midnight(textIn(form, 'until'), 1);
        make.mutate({
          name: textIn(form, 'name'), scopes: scopes as Permission[], is_test: isTicked(form, 'test'),
          ...(until ? { expires_at: until.toISOString() } : {}),
        });
      }}
    >
      <TextInput name="name" label={t('token.name')} description={t('token.name_means')} required maxLength={100}
        error={fieldTrouble(make.error, '/name')} data-autofocus />
      <Checkbox.Group label={t('token.scopes')} description={t('token.scopes_means')} value={scopes} onChange={setScopes}
        error={fieldTrouble(make.error, '/scopes')}>
        <Stack gap={6} mt={6} mah={240} style={{ overflowY: 'auto' }} tabIndex={0}>
          {permissions.map((each) => <Checkbox key={each} value={each} label={t(`permission.${permissionKey(each)}`)} />)}
        </Stack>
      </Checkbox.Group>
      <Checkbox name="test" label={t('token.test')} description={t('token.test_means')} />
      <TextInput name="until" type="date" label={t('token.until')} description={t('token.until_means')}
        error={fieldTrouble(make.error, '/expires_at')} />
    </Ask>
  );
}

function Revoke({ token, onClose }: { token: Token; onClose: () => void }) {
  const { t } = useTranslation();
  const revoke = useRevoke();
  return (
    <Ask
      opened onClose={onClose} title={t('token.revoke')} yes={t('token.revoke')} grave busy={revoke.isPending}
      error={revoke.error} onYes={() => revoke.mutate(token.id, { onSuccess: onClose })}
    >
      <Text>{t('token.revoke_asks', { name: token.name })}</Text>
    </Ask>
  );
}

/** What programs use to act for somebody here. */
export function Component() {
  const { t } = useTranslation();
  const locale = useLocale();
  const list = useTokens();
  const [makes, setMakes] = useState(false);
  const [revoking, setRevoking] = useState<Token | null>(null);
  const rows = list.data?.items;
  const columns: readonly Column<Token>[] = [
    { key: 'name', title: t('log.name'), phone: 'title', cell: (row) => row.name },
    { key: 'ending', title: t('token.ending'), width: '7rem', cell: (row) => `…${row.ending}` },
    { key: 'user', title: t('token.of'), width: '12rem', phone: 'line', cell: (row) => row.user },
    { key: 'scopes', title: t('token.scopes'), width: '9rem', align: 'right',
      cell: (row) => <span title={row.scopes.join(', ')}>{row.scopes.length}</span> },
    { key: 'test', title: t('token.kind'), width: '8rem', phone: 'line',
      cell: (row) => t(row.is_test ? 'token.is_test' : 'token.is_real') },
    { key: 'used', title: t('account.used'), align: 'right', width: '8.5rem',
      cell: (row) => (row.used_at ? shortTime(row.used_at, locale) : '–') },
    { key: 'until', title: t('token.until'), align: 'right', width: '8rem',
      cell: (row) => (row.expires_at ? shortDate(row.expires_at, locale) : '–') },
    { key: 'act', title: '', align: 'right', width: '10rem', phone: 'mark', cell: (row) => (row.revoked_at
      ? t('token.revoked', { at: shortDate(row.revoked_at, locale) }) : (
        <Button size="compact-sm" variant="default" onClick={() => setRevoking(row)}>{t('token.revoke')}</Button>
      )) },
  ];
  return (
    <>
      <SettingsHead><Button onClick={() => setMakes(true)}>{t('token.make')}</Button></SettingsHead>
      {list.error ? <TroubleNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {rows?.length === 0 ? (
        <EmptyState title={t('token.none')} sentence={t('token.none_sentence')} />
      ) : <DataTable label={t('settings.views.tokens')} columns={columns} rows={rows} keyOf={(row) => row.id} />}
      {makes ? <Make onClose={() => setMakes(false)} /> : null}
      {revoking ? <Revoke token={revoking} onClose={() => setRevoking(null)} /> : null}
    </>
  );
}
