import { Button, Group, Progress, Skeleton, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { answer, api } from '../../api/client';
import { isTrouble } from '../../api/trouble';
import { useLocale } from '../../lib/language/language';
import { amount } from '../../lib/number';
import { longTime } from '../../lib/time';
import { Ask } from '../../ui/Ask';
import { EmptyState } from '../../ui/EmptyState';
import { Facts } from '../../ui/Facts';
import { PageHead } from '../../ui/PageHead';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useMay } from '../session/session';
import { Findings } from './Findings';
import { Mapping } from './Mapping';
import { isUnderWay, useImport, useImportAction, useRefreshPeople, type Import } from './queries';

function UnderWay({ run }: { run: Import }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const cancel = useImportAction(run.id, 'cancel');
  return (
    <Sheet title={t(`imports.state.${run.state}`)}>
      <Progress value={run.progress * 100} size="lg" aria-label={t('progress.title')} mb="sm" />
      <Text role="status" mb="md">{t('imports.so_far', { count: run.rows, amount: amount(run.rows, locale) })}</Text>
      <Text c="dimmed" mb="md">{t('imports.leave')}</Text>
      {cancel.error ? <TroubleNotice error={cancel.error} /> : null}
      <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>{t('imports.stop')}</Button>
    </Sheet>
  );
}

function Undo({ run }: { run: Import }) {
  const { t } = useTranslation();
  const [asks, setAsks] = useState(false);
  const refresh = useRefreshPeople();
  const undo = useMutation({
    mutationFn: () => answer(api.POST('/imports/{import_id}/undo', { params: { path: { import_id: run.id } } })),
    onSuccess: () => {
      setAsks(false);
      refresh();
    },
  });
  return (
    <>
      {undo.data ? <Text role="status">{t('imports.undone_is', { ...undo.data })}</Text> : null}
      {run.undone_at ? null : (
        <Button variant="default" onClick={() => setAsks(true)}>{t('imports.undo')}</Button>
      )}
      <Ask
        opened={asks} onClose={() => setAsks(false)} title={t('imports.undo')} grave busy={undo.isPending}
        error={undo.error} onYes={() => undo.mutate()}
      >
        <Text>{t('imports.undo_asks')}</Text>
      </Ask>
    </>
  );
}

function Result({ run, may }: { run: Import; may: boolean }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const again = useImportAction(run.id, 'start');
  const figure = (value: number) => amount(value, locale);
  return (
    <Stack gap="lg">
      <Sheet title={run.undone_at ? t('imports.undone') : t(`imports.state.${run.state}`)}>
        {run.problem ? <Text mb="md" role="alert">{run.problem}</Text> : null}
        <Facts facts={[
          [t('imports.rows_title'), figure(run.rows)],
          [t('imports.created'), figure(run.created)],
          [t('imports.updated'), figure(run.updated)],
          [t('imports.unchanged'), figure(run.unchanged)],
          [t('imports.duplicates'), run.duplicates > 0 ? figure(run.duplicates) : null],
          [t('imports.bad_title'), figure(run.bad)],
          [t('imports.ended'), run.finished_at ? longTime(run.finished_at, locale) : null],
          [t('imports.undone'), run.undone_at ? longTime(run.undone_at, locale) : null],
        ]} />
        {again.error ? <TroubleNotice error={again.error} /> : null}
        <Group mt="md">
          <Button component={Link} to="/contacts?sort=-changed_at">{t('imports.to_contacts')}</Button>
          {may && run.state === 'failed' ? (
            <Button variant="default" loading={again.isPending} onClick={() => again.mutate()}>{t('imports.go_on')}</Button>
          ) : null}
          {may ? <Undo run={run} /> : null}
        </Group>
      </Sheet>
      <Findings run={run} />
    </Stack>
  );
}

function Ended({ run, may }: { run: Import; may: boolean }) {
  const refresh = useRefreshPeople();
  // The people it brought are in every list from now on.
  useEffect(refresh, [run.id]);
  return <Result run={run} may={may} />;
}

export function Component() {
  const { t } = useTranslation();
  const { id = '' } = useParams();
  const may = useMay('contacts:write');
  const { data: run, error, refetch } = useImport(id);
  if (isTrouble(error) && error.status === 404) return <EmptyState title={t('imports.gone_title')} sentence={t('contact.gone')} />;
  if (error && !run) return <TroubleNotice error={error} onRetry={() => void refetch()} />;
  if (!run) return <Skeleton height={320} aria-label={t('list.loading')} />;
  return (
    <>
      <PageHead
        title={run.file_name || t('imports.pasted_name')} over={<Link to="/contacts/imports">{t('imports.title')}</Link>}
      />
      {run.state === 'uploaded' ? <Mapping key={run.id} file={run} /> : isUnderWay(run) ? <UnderWay run={run} /> : (
        <Ended run={run} may={may} />
      )}
    </>
  );
}
