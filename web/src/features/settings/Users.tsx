import { Button, Group, Modal, Radio, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { textIn } from '../../lib/form';
import { useLocale } from '../../lib/language/language';
import { longTime, shortTime } from '../../lib/time';
import type { Schema } from '../../api/client';
import { Ask } from '../../ui/Ask';
import { CopyLine } from '../../ui/CopyLine';
import { DataTable, type Column } from '../../ui/DataTable';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { fieldTrouble } from '../../ui/field_trouble';
import { useSession } from '../session/session';
import {
  useChangeUser, useInvite, usePasswordLink, useRemoveUser, useRoles, useUsers, type User,
} from './queries';
import { SettingsHead } from './SettingsHead';

type RoleName = Schema<'RoleName'>;

function RoleChoice({ present }: { present: RoleName }) {
  const { t } = useTranslation();
  const roles = useRoles();
  return (
    <Radio.Group name="role" label={t('user.role')} defaultValue={present}>
      <Stack gap={8} mt={6}>
        {(roles.data?.items ?? []).filter(({ may_be_given, role }) => may_be_given || role === present).map(({ role }) => (
          <Radio key={role} value={role} label={t(`user.roles.${role}`)} description={t(`user.role_means.${role}`)} />
        ))}
      </Stack>
    </Radio.Group>
  );
}

/** The link with which somebody chooses a password; to be passed on by a way one trusts. */
function LinkShown({ link, who, onClose }: { link: Schema<'PasswordLink'>; who: string; onClose: () => void }) {
  const { t } = useTranslation();
  const locale = useLocale();
  return (
    <Modal opened onClose={onClose} title={t('user.link')} closeButtonProps={{ 'aria-label': t('close') }}>
      <Stack gap="sm">
        <Text>{t('user.link_sentence', { who, until: longTime(link.expires_at, locale) })}</Text>
        <CopyLine value={link.url} what={t('user.link')} />
        <Button onClick={onClose}>{t('close')}</Button>
      </Stack>
    </Modal>
  );
}

function Invite({ onClose, onLink }: {
  onClose: () => void; onLink: (link: Schema<'PasswordLink'>, who: string) => void;
}) {
  const { t } = useTranslation();
  const invite = useInvite();
  return (
    <Ask
      opened onClose={onClose} title={t('user.invite')} yes={t('user.invite_yes')} busy={invite.isPending}
      error={invite.error}
      onYes={(form) => invite.mutate({
        email: textIn(form, 'email'), role: (textIn(form, 'role') || 'editor') as RoleName,
        ...(textIn(form, 'name') ? { name: textIn(form, 'name') } : {}),
      }, { onSuccess: ({ user, password_link }) => {
        onClose();
        if (password_link) onLink(password_link, user.name || user.email);
      } })}
    >
      <TextInput name="email" type="email" label={t('sign_in.email')} required maxLength={320} autoComplete="off"
        error={fieldTrouble(invite.error, '/email')} data-autofocus />
      <TextInput name="name" label={t('log.name')} maxLength={200} autoComplete="off" error={fieldTrouble(invite.error, '/name')} />
      <RoleChoice present="editor" />
    </Ask>
  );
}

function ChangeRole({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useTranslation();
  const change = useChangeUser();
  return (
    <Ask
      opened onClose={onClose} title={t('user.change_role', { who: user.name || user.email })} yes={t('account.save')}
      busy={change.isPending} error={change.error}
      onYes={(form) => change.mutate({ id: user.id, role: textIn(form, 'role') as RoleName }, { onSuccess: onClose })}
    >
      <RoleChoice present={user.role} />
    </Ask>
  );
}

function Remove({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useRemoveUser();
  return (
    <Ask
      opened onClose={onClose} title={t('settings.remove')} yes={t('settings.remove')} grave busy={remove.isPending}
      error={remove.error} onYes={() => remove.mutate(user.id, { onSuccess: onClose })}
    >
      <Text>{t('user.remove_asks', { who: user.name || user.email })}</Text>
    </Ask>
  );
}

/** Who works here, and what each may do. */
export function Component() {
  const { t } = useTranslation();
  const locale = useLocale();
  const session = useSession();
  const list = useUsers();
  const renew = usePasswordLink();
  const [asked, setAsked] = useState<{ what: 'role' | 'remove'; user: User } | null>(null);
  const [invites, setInvites] = useState(false);
  const [link, setLink] = useState<{ link: Schema<'PasswordLink'>; who: string } | null>(null);
  const close = () => setAsked(null);
  const seen = (row: User) => {
    if (row.is_disabled) return t('user.disabled');
    if (!row.has_password) return t('user.invited');
    return row.used_at ? shortTime(row.used_at, locale) : '–';
  };
  const columns: readonly Column<User>[] = [
    { key: 'name', title: t('log.name'), phone: 'title', width: '14rem',
      cell: (row) => (row.id === session.user_id ? t('user.you', { name: row.name }) : row.name || '–') },
    { key: 'email', title: t('sign_in.email'), phone: 'line', cell: (row) => row.email },
    { key: 'role', title: t('user.role'), width: '9rem', phone: 'line', cell: (row) => t(`user.roles.${row.role}`) },
    { key: 'seen', title: t('user.seen'), width: '10rem', align: 'right', phone: 'corner', cell: seen },
    { key: 'act', title: '', align: 'right', width: '19rem', phone: 'mark', cell: (row) => (row.id === session.user_id ? null : (
      <Group gap={6} justify="flex-end" wrap="nowrap">
        <Button size="compact-sm" variant="light" loading={renew.isPending && renew.variables === row.id}
          onClick={() => renew.mutate(row.id, { onSuccess: (made) => setLink({ link: made, who: row.name || row.email }) })}>
          {t('user.new_link')}
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => setAsked({ what: 'role', user: row })}>
          {t('user.role')}
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => setAsked({ what: 'remove', user: row })}>
          {t('settings.remove')}
        </Button>
      </Group>
    )) },
  ];
  return (
    <>
      <SettingsHead><Button onClick={() => setInvites(true)}>{t('user.invite')}</Button></SettingsHead>
      {list.error ?? renew.error ? <TroubleNotice error={list.error ?? renew.error} /> : null}
      <DataTable label={t('settings.views.users')} columns={columns} rows={list.data?.items} keyOf={(row) => row.id} />
      {invites ? <Invite onClose={() => setInvites(false)} onLink={(made, who) => setLink({ link: made, who })} /> : null}
      {asked?.what === 'role' ? <ChangeRole user={asked.user} onClose={close} /> : null}
      {asked?.what === 'remove' ? <Remove user={asked.user} onClose={close} /> : null}
      {link ? <LinkShown {...link} onClose={() => setLink(null)} /> : null}
    </>
  );
}
