import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Navigate, useNavigate, useSearchParams } from 'react-router';
import { answer, api } from '../../api/client';
import { isTrouble } from '../../api/trouble';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { Doorway } from './Doorway';
import { useFirstVisit } from './first_visit';
import { takeSession, useSessionQuery } from './session';
import { wayBack } from './way_back';

interface Wanted {
  email: string;
  password: string;
  code: string;
}

function needsCode(error: unknown): boolean {
  return isTrouble(error) && (error.code === 'session.code_needed' || error.code === 'session.wrong_code');
}

/** Seconds until the next attempt is let in, counted down. */
function useWait(error: unknown): number {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    if (!isTrouble(error) || error.retryAfter === null) return setLeft(0);
    setLeft(error.retryAfter);
    const timer = window.setInterval(() => setLeft((before) => Math.max(0, before - 1)), 1000);
    return () => window.clearInterval(timer);
  }, [error]);
  return left;
}

export function SignIn() {
  const { t } = useTranslation();
  const [params] = useSearchParams();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const session = useSessionQuery();
  const first = useFirstVisit();
  const [wanted, setWanted] = useState<Wanted>({ email: '', password: '', code: '' });
  const codeBox = useRef<HTMLInputElement>(null);
  const signIn = useMutation({
    mutationFn: ({ email, password, code }: Wanted) => answer(api.POST('/session', {
      body: { email: email.trim(), password, ...(code ? { code: code.trim() } : {}) },
    })),
    onSuccess: (made) => {
      takeSession(queries, made);
      void navigate(wayBack(params.get('to')), { replace: true });
    },
  });
  const [asksCode, setAsksCode] = useState(false);
  const wait = useWait(signIn.error);
  useEffect(() => {
    if (!needsCode(signIn.error)) return;
    setAsksCode(true);
    requestAnimationFrame(() => codeBox.current?.focus());
  }, [signIn.error]);
  useEffect(() => {
    document.title = `${t('sign_in.title')} · Tidings`;
  }, [t]);

  if (session.data && !signIn.isPending) return <Navigate to={wayBack(params.get('to'))} replace />;
  if (first.data?.is_open) return <Navigate to="/welcome" replace />;

  const firstAsk = isTrouble(signIn.error) && signIn.error.code === 'session.code_needed';
  const field = (name: keyof Wanted) => ({
    value: wanted[name],
    onChange: (event: { currentTarget: HTMLInputElement }) =>
      setWanted({ ...wanted, [name]: event.currentTarget.value }),
  });
  return (
    <Doorway title={t('sign_in.title')}>
      <form onSubmit={(event) => {
        event.preventDefault();
        if (!signIn.isPending && wait === 0) signIn.mutate(wanted);
      }}>
        <Stack gap="md" mt="md">
          {signIn.error && !firstAsk && (wait > 0 || !isTrouble(signIn.error) || signIn.error.retryAfter === null)
            ? <TroubleNotice error={signIn.error} /> : null}
          <TextInput
            label={t('sign_in.email')} type="email" autoComplete="username" required autoFocus
            maxLength={320} {...field('email')}
          />
          <PasswordInput
            label={t('sign_in.password')} autoComplete="current-password" required maxLength={1000}
            visibilityToggleButtonProps={{ 'aria-label': t('sign_in.show_password') }}
            {...field('password')}
          />
          {asksCode ? (
            <TextInput
              ref={codeBox} label={t('sign_in.code')} description={t('sign_in.code_hint')} required
              autoComplete="one-time-code" inputMode="text" maxLength={40} {...field('code')}
            />
          ) : null}
          <Button type="submit" fullWidth loading={signIn.isPending} disabled={wait > 0}>
            {wait > 0 ? t('sign_in.wait', { count: wait }) : t('sign_in.button')}
          </Button>
        </Stack>
      </form>
    </Doorway>
  );
}
