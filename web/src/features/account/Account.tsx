import { Button, PasswordInput, Skeleton, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocale } from '../../lib/language/language';
import { shortTime } from '../../lib/time';
import { DataTable } from '../../ui/DataTable';
import { PageHead } from '../../ui/PageHead';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { ZoneNote } from '../../ui/ZoneNote';
import { useSession } from '../session/session';
import classes from './Account.module.css';
import { usePasswordChange, useProfile, useRename, useSessionEnd, useSessions, type OpenSession } from './queries';

function Name() {
  const { t } = useTranslation();
  const profile = useProfile();
  const rename = useRename();
  const session = useSession();
  if (profile.error) return <TroubleNotice error={profile.error} onRetry={() => void profile.refetch()} />;
  if (!profile.data) return <Skeleton height={160} aria-label={t('list.loading')} />;
  return (
    <Sheet title={t('account.you')}>
      <form onSubmit={(event) => {
        event.preventDefault();
        rename.mutate(String(new FormData(event.currentTarget).get('name') ?? '').trim());
      }}>
        <Stack gap="sm">
          <p className={classes.soft}>{profile.data.email} · {session.organisation}</p>
          {rename.error ? <TroubleNotice error={rename.error} /> : null}
          <TextInput
            name="name" label={t('welcome.name')} defaultValue={profile.data.name} required maxLength={200}
            autoComplete="name"
          />
          <div>
            <Button type="submit" variant="default" loading={rename.isPending}>{t('account.save')}</Button>
            {rename.isSuccess ? <span role="status" className={classes.done}>{t('account.saved')}</span> : null}
          </div>
        </Stack>
      </form>
    </Sheet>
  );
}

function Password() {
  const { t } = useTranslation();
  const change = usePasswordChange();
  const [present, setPresent] = useState('');
  const [wanted, setWanted] = useState('');
  const see = { 'aria-label': t('sign_in.show_password') };
  return (
    <Sheet title={t('account.password')}>
      <form onSubmit={(event) => {
        event.preventDefault();
        change.mutate({ present, wanted }, {
          onSuccess: () => {
            setPresent('');
            setWanted('');
          },
        });
      }}>
        <Stack gap="sm">
          <p className={classes.soft}>{t('account.password_ends')}</p>
          {change.error ? <TroubleNotice error={change.error} /> : null}
          <PasswordInput
            label={t('account.present')} value={present} required maxLength={1000}
            autoComplete="current-password" visibilityToggleButtonProps={see}
            onChange={(event) => setPresent(event.currentTarget.value)}
          />
          <PasswordInput
            label={t('account.wanted')} description={t('welcome.password_hint')} value={wanted} required
            minLength={10} maxLength={1000} autoComplete="new-password" visibilityToggleButtonProps={see}
            onChange={(event) => setWanted(event.currentTarget.value)}
          />
          <div>
            <Button type="submit" variant="default" loading={change.isPending}>{t('account.change')}</Button>
            {change.isSuccess ? <span role="status" className={classes.done}>{t('account.changed')}</span> : null}
          </div>
        </Stack>
      </form>
    </Sheet>
  );
}

function Sessions() {
  const { t } = useTranslation();
  const locale = useLocale();
  const sessions = useSessions();
  const end = useSessionEnd();
  if (sessions.error) return <TroubleNotice error={sessions.error} onRetry={() => void sessions.refetch()} />;
  return (
    <Sheet title={t('account.sessions')}>
      {end.error ? <TroubleNotice error={end.error} /> : null}
      <DataTable<OpenSession>
        label={t('account.sessions')} rows={sessions.data?.items} keyOf={(row) => row.id}
        columns={[
          { key: 'agent', title: t('account.browser'), phone: 'title',
            cell: (row) => <span title={row.user_agent}>{row.is_this ? t('account.this') : row.user_agent}</span> },
          { key: 'address', title: t('contact.address'), phone: 'line', width: '11rem', cell: (row) => row.address },
          { key: 'used', title: t('account.used'), align: 'right', phone: 'corner', width: '9rem',
            cell: (row) => shortTime(row.used_at, locale) },
          { key: 'end', title: '', align: 'right', phone: 'mark', width: '8rem',
            cell: (row) => row.is_this ? null : (
              <Button size="compact-sm" variant="default" onClick={() => end.mutate(row.id)}>
                {t('account.end')}
              </Button>
            ) },
        ]}
      />
    </Sheet>
  );
}

/** One's own account. */
export function Component() {
  const { t } = useTranslation();
  return (
    <>
      <PageHead title={t('account.title')} />
      <div className={classes.sheets}>
        <Name />
        <Password />
      </div>
      <Sessions />
      <ZoneNote />
    </>
  );
}
