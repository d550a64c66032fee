import { PasswordInput, Select, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schema } from '../../api/client';
import { textIn } from '../../lib/form';
import { fieldTrouble } from '../../ui/field_trouble';

const kTokenUrls = {
  google: 'https://oauth2.googleapis.com/token',
  microsoft: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
} as const;

/** How the fields below say that a mailbox is opened. */
export function loginOf(form: FormData): { password: string } | { oauth: Schema<'MailboxOAuth'> } {
  if (textIn(form, 'with') !== 'oauth') return { password: String(form.get('password') ?? '') };
  const secret = textIn(form, 'client_secret');
  return {
    oauth: {
      token_url: textIn(form, 'token_url'), client_id: textIn(form, 'client_id'),
      refresh_token: textIn(form, 'refresh_token'), ...(secret ? { client_secret: secret } : {}),
    },
  };
}

/** A password, or what OAuth2 needs instead of one. */
export function MailboxLogin({ error }: { error: unknown }) {
  const { t } = useTranslation();
  const [by, setBy] = useState('password');
  const [provider, setProvider] = useState<string>('google');
  const [url, setUrl] = useState<string>(kTokenUrls.google);
  const eye = { 'aria-label': t('sign_in.show_password') };
  return (
    <>
      <Select
        name="with" label={t('mailbox.oauth.with')} value={by} onChange={(value) => setBy(value ?? 'password')}
        allowDeselect={false}
        data={[{ value: 'password', label: t('mailbox.oauth.by_password') }, { value: 'oauth', label: t('mailbox.oauth.by_oauth') }]}
      />
      {by === 'password' ? (
        <PasswordInput name="password" label={t('sign_in.password')} required maxLength={4096}
          autoComplete="new-password" visibilityToggleButtonProps={eye} />
      ) : (
        <>
          <Text size="sm" c="var(--ink-soft)">{t('mailbox.oauth.oauth_means')}</Text>
          <Select
            label={t('mailbox.oauth.provider')} value={provider} allowDeselect={false}
            data={[{ value: 'google', label: 'Google' }, { value: 'microsoft', label: 'Microsoft' },
              { value: 'other', label: t('mailbox.oauth.other') }]}
            onChange={(value) => {
              setProvider(value ?? 'other');
              setUrl(value === 'google' || value === 'microsoft' ? kTokenUrls[value] : '');
            }}
          />
          <TextInput name="token_url" label={t('mailbox.oauth.token_url')} type="url" required maxLength={1000} value={url}
            onChange={(event) => setUrl(event.currentTarget.value)} error={fieldTrouble(error, '/oauth/token_url')} />
          <TextInput name="client_id" label={t('mailbox.oauth.client_id')} required maxLength={1000} autoComplete="off"
            error={fieldTrouble(error, '/oauth/client_id')} />
          <PasswordInput name="client_secret" label={t('mailbox.oauth.client_secret')} maxLength={2000}
            description={t('mailbox.oauth.client_secret_means')} autoComplete="new-password" visibilityToggleButtonProps={eye} />
          <PasswordInput name="refresh_token" label={t('mailbox.oauth.refresh_token')} required maxLength={8000}
            autoComplete="new-password" visibilityToggleButtonProps={eye} error={fieldTrouble(error, '/oauth/refresh_token')} />
        </>
      )}
    </>
  );
}
