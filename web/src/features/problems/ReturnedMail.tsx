import {
  IconArrowBackUp, IconFlag, IconHourglassLow, IconMail, IconMessageCircle, IconRobot, type Icon,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Button } from '@mantine/core';
import { useLocale } from '../../lib/language/language';
import type { Tone } from '../../lib/status';
import { shortTime } from '../../lib/time';
import { useUrlState } from '../../lib/url_state';
import { DataTable, type Column } from '../../ui/DataTable';
import { EmptyState } from '../../ui/EmptyState';
import { MoreRows } from '../../ui/MoreRows';
import { ToneMark } from '../../ui/ToneMark';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { ZoneNote } from '../../ui/ZoneNote';
import classes from './ReturnedMail.module.css';
import { ProblemsHead } from './ProblemsHead';
import { useReturnedMail, type ReturnedMail } from './queries';

const kKinds = ['reply', 'bounce', 'complaint', 'auto-reply', 'other'] as const;
type Kind = (typeof kKinds)[number];

const signs: Record<Kind, { icon: Icon; tone: Tone; key: 'reply' | 'bounce' | 'complaint' | 'auto_reply' | 'other' }> = {
  reply: { icon: IconMessageCircle, tone: 'best', key: 'reply' },
  bounce: { icon: IconArrowBackUp, tone: 'bad', key: 'bounce' },
  complaint: { icon: IconFlag, tone: 'bad', key: 'complaint' },
  'auto-reply': { icon: IconRobot, tone: 'off', key: 'auto_reply' },
  other: { icon: IconMail, tone: 'plain', key: 'other' },
};

export function KindMark({ kind }: { kind: Kind | null }) {
  const { t } = useTranslation();
  if (kind === null) return <ToneMark icon={IconHourglassLow} tone="plain" label={t('returned.unread')} />;
  const { key, ...sign } = signs[kind];
  return <ToneMark {...sign} label={t(`returned.kind.${key}`)} />;
}

/** Mail that came back: answers of people, reports of servers, complaints. */
export function Component() {
  const { t } = useTranslation();
  const locale = useLocale();
  const [params, change] = useUrlState();
  const list = useReturnedMail(params);
  const rows = list.data?.pages.flatMap((page) => page.items);
  const kind = params.get('kind');
  const columns: readonly Column<ReturnedMail>[] = [
    { key: 'from', title: t('returned.from'), phone: 'title', width: '17rem',
      cell: (row) => row.sender || row.envelope_from || t('returned.no_sender') },
    { key: 'kind', title: t('log.type'), phone: 'mark', width: '11rem', cell: (row) => <KindMark kind={row.kind} /> },
    { key: 'what', title: t('returned.says'), phone: 'line',
      cell: (row) => row.text || row.recipients[0]?.diagnostic || row.subject },
    { key: 'outcome', title: t('returned.followed'), width: '13rem', wide: true,
      cell: (row) => (row.outcome ? t(`returned.outcome.${row.outcome}`) : '') },
    { key: 'at', title: t('log.at'), align: 'right', phone: 'corner', width: '8.5rem',
      cell: (row) => shortTime(row.received_at, locale) },
  ];
  return (
    <>
      <ProblemsHead />
      <div className={classes.kinds} role="group" aria-label={t('log.type')}>
        {[null, ...kKinds].map((each) => (
          <Button
            key={each ?? 'all'} size="compact-md" variant={kind === each ? 'light' : 'subtle'}
            aria-pressed={kind === each} onClick={() => change({ kind: each })}
          >
            {each ? t(`returned.kind.${signs[each].key}`) : t('returned.all')}
          </Button>
        ))}
      </div>
      {list.error ? <TroubleNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {rows?.length === 0 ? (
        <EmptyState title={t('returned.none')} sentence={t('returned.none_sentence')} />
      ) : list.error && !rows ? null : (
        <DataTable
          label={t('problems.returned')} columns={columns} rows={rows} keyOf={(row) => row.id}
          linkOf={(row) => `/problems/returned/${row.id}`}
        />
      )}
      <MoreRows
        rows={rows?.length ?? 0} hasMore={list.hasNextPage} busy={list.isFetchingNextPage}
        onMore={() => void list.fetchNextPage()}
      />
      <ZoneNote />
    </>
  );
}
