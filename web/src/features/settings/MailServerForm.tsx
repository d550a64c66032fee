import { Button, Checkbox, Group, PasswordInput, Radio, Stack, TextInput } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schema } from '../../api/client';
import { useLocale } from '../../lib/language/language';
import { octets } from '../../lib/number';
import { ToneMark } from '../../ui/ToneMark';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { fieldTrouble } from '../../ui/field_trouble';
import { formOf, kUsualPort, urlOf, type MailServerForm as Form } from './mail_server_url';
import { useSaveMailServer, useTestMailServer, type MailServer } from './queries';
import classes from './Settings.module.css';

/** What the server said when it was tried, in its own words. */
export function WhatItSaid({ result }: { result: Schema<'TransportTestResult'> }) {
  const { t } = useTranslation();
  const locale = useLocale();
  return (
    <div className={classes.said} role="status">
      {result.succeeded
        ? <ToneMark icon={IconCircleCheck} tone="good" label={t('mail_server.works')} />
        : <ToneMark icon={IconAlertTriangle} tone="bad" label={t('mail_server.fails')} />}
      <p>{result.sentence}</p>
      {result.greeting ? <p>{t('mail_server.greeting')}: <code>{result.greeting}</code></p> : null}
      {result.encryption ? <p>{t('mail_server.encryption')}: {result.encryption}</p> : null}
      {result.login ? <p>{t('mail_server.login')}: {result.login}</p> : null}
      {result.size_max > 0 ? <p>{t('mail_server.size_max')}: {octets(result.size_max, locale)}</p> : null}
    </div>
  );
}

interface Props {
  server?: MailServer;
  kinds: readonly Form['kind'][];
  isFirst: boolean;
  onDone: () => void;
  button: string;
}

/** A mail server: how it is reached, tried with a button before it is saved. */
export function MailServerForm({ server, kinds, isFirst, onDone, button }: Props) {
  const { t } = useTranslation();
  const save = useSaveMailServer();
  const test = useTestMailServer();
  const known = server ? formOf(server.url) : null;
  const [form, setForm] = useState<Form>(known ?? { kind: kinds[0] ?? 'smtp', host: '', port: '587', user: '' });
  const [url, setUrl] = useState(server && !known ? server.url : null);
  const [name, setName] = useState(server?.name ?? '');
  const [password, setPassword] = useState('');
  const [isDefault, setDefault] = useState(server?.is_default ?? isFirst);
  const isSmtp = form.kind === 'smtp' || form.kind === 'smtps';
  const wish = () => ({ url: url ?? urlOf(form), ...(password ? { password } : {}) });
  const change = (part: Partial<Form>) => {
    test.reset();
    setForm({ ...form, ...part });
  };
  return (
    <form onSubmit={(event) => {
      event.preventDefault();
      save.mutate({
        ...(server ? { id: server.id } : {}), ...wish(), is_default: isDefault,
        name: name.trim() || (isSmtp && url === null ? form.host : t(`mail_server.kind.${form.kind}`)),
      }, { onSuccess: onDone });
    }}>
      <Stack gap="sm">
        {url === null && kinds.length > 1 ? (
          <Radio.Group value={form.kind} label={t('mail_server.how')} onChange={(kind) => change({
            kind: kind as Form['kind'], port: kind === 'smtp' || kind === 'smtps' ? kUsualPort[kind] : '',
          })}>
            <Stack gap={8} mt={6}>
              {kinds.map((kind) => (
                <Radio key={kind} value={kind} label={t(`mail_server.kind.${kind}`)}
                  description={t(`mail_server.kind_means.${kind}`)} />
              ))}
            </Stack>
          </Radio.Group>
        ) : null}
        {url !== null ? (
          <TextInput label={t('mail_server.url')} value={url} required maxLength={2000}
            error={fieldTrouble(save.error, '/url')} onChange={(event) => setUrl(event.currentTarget.value)} />
        ) : null}
        {url === null && isSmtp ? (
          <>
            <Group gap="sm" align="flex-start" wrap="nowrap">
              <TextInput label={t('mail_server.host')} value={form.host} required maxLength={255} flex={1}
                placeholder="mail.example.org" autoComplete="off"
                error={fieldTrouble(save.error, '/url')} onChange={(event) => change({ host: event.currentTarget.value })} />
              <TextInput label={t('mail_server.port')} value={form.port} w={90} maxLength={5} inputMode="numeric"
                pattern="[0-9]*" onChange={(event) => change({ port: event.currentTarget.value })} />
            </Group>
            <TextInput label={t('mail_server.user')} description={t('mail_server.user_means')} value={form.user}
              maxLength={320} autoComplete="off" onChange={(event) => change({ user: event.currentTarget.value })} />
          </>
        ) : null}
        {isSmtp || url !== null ? (
          <PasswordInput
            label={t('sign_in.password')} value={password} maxLength={4096} autoComplete="new-password"
            {...(server?.has_password ? { description: t('mail_server.password_kept') } : {})}
            visibilityToggleButtonProps={{ 'aria-label': t('sign_in.show_password') }}
            onChange={(event) => {
              test.reset();
              setPassword(event.currentTarget.value);
            }}
          />
        ) : null}
        <TextInput label={t('mail_server.name')} value={name} maxLength={200} placeholder={isSmtp ? form.host : ''}
          onChange={(event) => setName(event.currentTarget.value)} />
        {isFirst || server?.is_default ? null : (
          <Checkbox label={t('mail_server.is_default')} checked={isDefault}
            onChange={(event) => setDefault(event.currentTarget.checked)} />
        )}
        {test.error ? <TroubleNotice error={test.error} /> : null}
        {test.data ? <WhatItSaid result={test.data} /> : null}
        {save.error ? <TroubleNotice error={save.error} /> : null}
        <Group justify="flex-end" gap="sm">
          {form.kind === 'sandbox' ? null : (
            <Button
              variant="default" loading={test.isPending} disabled={url === null && isSmtp && form.host.trim() === ''}
              onClick={() => test.mutate({ ...wish(), ...(server ? { transport_id: server.id } : {}) })}
            >
              {t('mail_server.test')}
            </Button>
          )}
          <Button type="submit" loading={save.isPending}>{button}</Button>
        </Group>
      </Stack>
    </form>
  );
}
