import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Navigate, useNavigate } from 'react-router';
import { answer, api } from '../../api/client';
import { isTrouble } from '../../api/trouble';
import { useLanguage } from '../../lib/language/language';
import { viewerZone } from '../../lib/time';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { Doorway } from './Doorway';
import { useFirstVisit } from './first_visit';
import { takeSession } from './session';

/** Nobody works here yet: who comes first names the organisation and becomes its owner. */
export function FirstVisit() {
  const { t } = useTranslation();
  const language = useLanguage();
  const first = useFirstVisit();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const begin = useMutation({
    mutationFn: (form: FormData) => {
      const text = (name: string) => String(form.get(name) ?? '').trim();
      return answer(api.POST('/first-visit', {
        body: {
          organisation: text('organisation'), name: text('name'), email: text('email'),
          password: String(form.get('password') ?? ''), locale: language, time_zone: viewerZone,
        },
      }));
    },
    onSuccess: (session) => {
      queries.setQueryData(['first-visit'], { is_open: false, may_begin: false, organisation: '' });
      takeSession(queries, session);
      void navigate('/begin', { replace: true });
    },
  });
  useEffect(() => {
    document.title = `${t('welcome.title')} · Tidings`;
  }, [t]);
  if (first.error) return <Doorway title="Tidings"><TroubleNotice error={first.error} /></Doorway>;
  if (!first.data) return null;
  // While it begins, and until what comes next is loaded, this stays.
  if (!first.data.is_open && !begin.isPending && !begin.isSuccess) return <Navigate to="/sign-in" replace />;
  if (!first.data.may_begin) {
    return (
      <Doorway title={t('welcome.title')} sentence={t('welcome.elsewhere')}>
        <pre>tidings user add you@example.org --role owner</pre>
      </Doorway>
    );
  }
  const wrong = (name: string) => isTrouble(begin.error)
    ? begin.error.fields.find((each) => each.field === `/${name}`)?.message : undefined;
  return (
    <Doorway title={t('welcome.title')} sentence={t('welcome.sentence')}>
      <form onSubmit={(event) => {
        event.preventDefault();
        if (!begin.isPending) begin.mutate(new FormData(event.currentTarget));
      }}>
        <Stack gap="md">
          {begin.error ? <TroubleNotice error={begin.error} /> : null}
          <TextInput
            name="organisation" label={t('welcome.organisation')} required maxLength={200} autoFocus
            defaultValue={first.data.organisation} error={wrong('organisation')}
            autoComplete="organization"
          />
          <TextInput
            name="name" label={t('welcome.name')} required maxLength={200} autoComplete="name"
            error={wrong('name')}
          />
          <TextInput
            name="email" type="email" label={t('sign_in.email')} required maxLength={320}
            autoComplete="username" error={wrong('email')}
          />
          <PasswordInput
            name="password" label={t('sign_in.password')} description={t('welcome.password_hint')}
            required minLength={10} maxLength={1000} autoComplete="new-password" error={wrong('password')}
            visibilityToggleButtonProps={{ 'aria-label': t('sign_in.show_password') }}
          />
          <Button type="submit" fullWidth loading={begin.isPending}>{t('welcome.button')}</Button>
        </Stack>
      </form>
    </Doorway>
  );
}
