import { Button, Progress, Radio, Skeleton, Stack } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Navigate, useNavigate } from 'react-router';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { Doorway } from '../session/Doorway';
import { useMay } from '../session/session';
import { MailServerForm } from '../settings/MailServerForm';
import { useMailServers, useSaveMailServer } from '../settings/queries';
import { useExample, useLoadExample } from './queries';

const kKinds = ['smtp', 'smtps'] as const;

/** Nothing leaves, or by which server. */
function HowItLeaves() {
  const { t } = useTranslation();
  const [way, setWay] = useState<'sandbox' | 'server'>('sandbox');
  const save = useSaveMailServer();
  const queries = useQueryClient();
  // By what mail leaves decides whether the example may come.
  const again = () => void queries.invalidateQueries({ queryKey: ['example'] });
  return (
    <Doorway title={t('begin.how')} sentence={t('begin.how_sentence')}>
      <Stack gap="md">
        <Radio.Group value={way} aria-label={t('begin.how')} onChange={(value) => setWay(value === 'server' ? 'server' : 'sandbox')}>
          <Stack gap="sm">
            <Radio value="sandbox" label={t('begin.sandbox')} description={t('begin.sandbox_means')} />
            <Radio value="server" label={t('begin.server')} description={t('begin.server_means')} />
          </Stack>
        </Radio.Group>
        {way === 'server'
          ? <MailServerForm kinds={kKinds} isFirst onDone={again} button={t('begin.next')} />
          : (
            <>
              {save.error ? <TroubleNotice error={save.error} /> : null}
              <Button loading={save.isPending} onClick={() =>
                save.mutate({ name: t('begin.sandbox_name'), url: 'sandbox:', is_default: true }, { onSuccess: again })}>
                {t('begin.next')}
              </Button>
            </>
          )}
      </Stack>
    </Doorway>
  );
}

/** Somebody to write to: the example, one's own people, or nobody yet. */
function WhoIsThere({ mayLoad }: { mayLoad: boolean }) {
  const { t } = useTranslation();
  const example = useExample();
  const load = useLoadExample();
  const state = example.data;
  if (state?.is_loading) {
    return (
      <Doorway title={t('begin.loading')} sentence={t('begin.loading_sentence')}>
        <Progress value={(100 * state.step) / state.steps} aria-label={t('begin.loading')} />
      </Doorway>
    );
  }
  return (
    <Doorway title={t('begin.who')} sentence={t('begin.who_sentence')}>
      <Stack gap="sm">
        {load.error ? <TroubleNotice error={load.error} /> : null}
        {state?.trouble ? <p role="alert">{state.trouble}</p> : null}
        {mayLoad ? (
          <>
            <Button onClick={() => load.mutate()} loading={load.isPending}>{t('begin.example')}</Button>
            <p style={{ margin: 0, color: 'var(--ink-soft)' }}>{t('begin.example_means')}</p>
          </>
        ) : null}
        <Button component={Link} to="/contacts/import" variant="default">{t('begin.own')}</Button>
        <Button component={Link} to="/overview" variant="subtle">{t('begin.later')}</Button>
      </Stack>
    </Doorway>
  );
}

/** After the account is made: what is still needed before anything can be sent. */
export function Component() {
  const { t } = useTranslation();
  const may = useMay('organisation:write');
  const navigate = useNavigate();
  const queries = useQueryClient();
  const servers = useMailServers();
  const example = useExample();
  const isLoaded = example.data?.is_loaded ?? false;
  useEffect(() => {
    document.title = `${t('welcome.title')} · Tidings`;
  }, [t]);
  useEffect(() => {
    if (!isLoaded) return;
    void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'example' });
    void navigate('/overview', { replace: true });
  }, [isLoaded, navigate, queries]);
  const error = servers.error ?? example.error;
  if (!may) return <Navigate to="/overview" replace />;
  if (error) return <Doorway title="Tidings"><TroubleNotice error={error} /></Doorway>;
  if (!servers.data || !example.data) return <Skeleton height="100vh" aria-label={t('list.loading')} />;
  if (servers.data.items.length === 0) return <HowItLeaves />;
  const real = servers.data.items.some((each) => each.is_default && !each.is_sandbox);
  const { may_load: mayLoad, is_loading: isLoading, trouble } = example.data;
  if (!mayLoad && !isLoading && !trouble && !real) return <Navigate to="/overview" replace />;
  return <WhoIsThere mayLoad={mayLoad} />;
}
