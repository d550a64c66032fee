import { ActionIcon, SegmentedControl, Select, Skeleton, Switch } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Facts } from '../../ui/Facts';
import { MessageFrame } from '../../ui/MessageFrame';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { addressOf } from '../contacts/contact_words';
import { recipientName } from './AudienceSum';
import classes from './Compose.module.css';
import type { Kept } from './draft_keeper';
import { addressesNobody, useAudience, usePeople, usePreview } from './queries';

const kViews = ['desktop', 'phone', 'text'] as const;
type View = (typeof kViews)[number];

interface Reader {
  id: string | null; // null: somebody of whom nothing is known
  name: string;
}

/** The first of those who get it; without any, the first people there are. */
function useReaders(kept: Kept): readonly Reader[] {
  const nobody = addressesNobody(kept.fields.audience);
  const sum = useAudience(kept.fields, kept.campaign);
  const people = usePeople('', nobody);
  if (nobody) return (people.data?.items ?? []).map((each) => ({ id: each.id, name: each.name || addressOf(each, 'email') }));
  return (sum.data?.first ?? []).map((each) => ({ id: each.contact_id, name: recipientName(each) }));
}

function ReaderChoice({ readers, reader, onChange }: {
  readers: readonly Reader[];
  reader: Reader | undefined;
  onChange: (reader: Reader) => void;
}) {
  const { t } = useTranslation();
  const [search, setSearch] = useState('');
  const [settled] = useDebouncedValue(search, 250);
  const searching = settled !== '' && settled !== reader?.name;
  const found = usePeople(settled, searching);
  const known = new Map<string, string>();
  if (reader?.id) known.set(reader.id, reader.name);
  if (searching) {
    for (const each of found.data?.items ?? []) known.set(each.id, each.name || addressOf(each, 'email'));
  } else {
    for (const each of readers) if (each.id) known.set(each.id, each.name);
  }
  const at = readers.findIndex((each) => each.id === reader?.id && each.name === reader?.name);
  const go = (step: 1 | -1) => {
    const next = readers[(Math.max(at, 0) + step + readers.length) % readers.length];
    if (next) onChange(next);
  };
  return (
    <div className={classes.reader}>
      <ActionIcon variant="default" size="lg" aria-label={t('compose.previous')} disabled={readers.length < 2} onClick={() => go(-1)}>
        <IconChevronLeft size={18} aria-hidden />
      </ActionIcon>
      <Select
        aria-label={t('compose.as_read_by')} searchable allowDeselect={false} value={reader?.id ?? null}
        placeholder={reader?.name ?? t('compose.somebody')} nothingFoundMessage={t('compose.none_found')}
        searchValue={search} onSearchChange={setSearch} filter={({ options }) => options}
        data={[...known].map(([value, label]) => ({ value, label }))}
        onChange={(id) => {
          if (id) onChange({ id, name: known.get(id) ?? '' });
        }}
      />
      <ActionIcon variant="default" size="lg" aria-label={t('compose.next')} disabled={readers.length < 2} onClick={() => go(1)}>
        <IconChevronRight size={18} aria-hidden />
      </ActionIcon>
    </div>
  );
}

/** What the server has of it, in a frame in which nothing runs. */
function Framed({ kept, reader, view }: { kept: Kept; reader: string | null; view: View }) {
  const { t } = useTranslation();
  const [images, setImages] = useState(false);
  if (kept.saving.kind !== 'saved') return <Skeleton role="img" height={420} aria-label={t('list.loading')} />;
  const query = new URLSearchParams({ ...(reader ? { contact_id: reader } : {}), ...(images ? { remote_images: 'true' } : {}) });
  return (
    <>
      <Switch
        size="sm" m="xs" label={t('message.remote_images')} checked={images}
        onChange={(event) => setImages(event.currentTarget.checked)}
      />
      <div className={classes.framed} data-view={view}>
        <MessageFrame
          key={`${kept.campaign.changed_at} ${query.toString()}`} title={t('compose.preview')}
          src={`/api/v1/campaigns/${kept.campaign.id}/preview?${query.toString()}`}
        />
      </div>
    </>
  );
}

export function PreviewSheet({ kept }: { kept: Kept }) {
  const { t } = useTranslation();
  const readers = useReaders(kept);
  const [chosen, setChosen] = useState<Reader | null>(null);
  const [view, setView] = useState<View>('desktop');
  const reader = chosen ?? readers[0];
  const preview = usePreview(kept.fields, kept.campaign, reader?.id ?? null);
  const header = (name: string) => preview.data?.headers.find((each) => each.name === name)?.value ?? '';
  return (
    <Sheet title={t('compose.preview')} flush>
      <div className={classes.above}>
        <ReaderChoice readers={readers} reader={reader} onChange={setChosen} />
        <SegmentedControl
          aria-label={t('compose.preview')} value={view} onChange={(next) => setView(next as View)}
          data={kViews.map((value) => ({ value, label: t(`compose.view.${value}`) }))}
        />
      </div>
      {preview.error ? <TroubleNotice error={preview.error} onRetry={() => void preview.refetch()} /> : null}
      <div className={classes.inbox}>
        <Facts facts={[
          [t('log.sender'), header('From')],
          [t('compose.field.reply_to'), header('Reply-To')],
          [t('log.subject'), preview.data?.subject || '–'],
        ]} />
        {preview.data && preview.data.empty_tags.length > 0 ? (
          <p className={classes.soft}>{t('compose.empty_tags', { tags: preview.data.empty_tags.join(', ') })}</p>
        ) : null}
      </div>
      {view === 'text'
        ? <pre className={classes.plain} tabIndex={0} aria-label={t('compose.plain_text')}>{preview.data?.text ?? ''}</pre>
        : <Framed kept={kept} reader={reader?.id ?? null} view={view} />}
    </Sheet>
  );
}
