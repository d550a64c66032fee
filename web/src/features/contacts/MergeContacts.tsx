import { Button, Group, Radio, Skeleton, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate, useParams } from 'react-router';
import { answer, api } from '../../api/client';
import { useUrlState } from '../../lib/url_state';
import { Ask } from '../../ui/Ask';
import { Facts } from '../../ui/Facts';
import { PageHead } from '../../ui/PageHead';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { ContactPicker } from './ContactPicker';
import classes from './MergeContacts.module.css';
import { mergeChange, mergeRows, type MergeRow } from './merge_rows';
import { refreshContact, useContact, useCustomFields, type Contact } from './queries';

function Side({ contact, words }: { contact: Contact; words: string }) {
  const { t } = useTranslation();
  const list = (texts: readonly string[]) => texts.map((text) => <div key={text}>{text}</div>);
  return (
    <Sheet title={words}>
      <Facts facts={[
        [t('log.name'), <Link key="to" to={`/contacts/${contact.id}`} target="_blank">{contact.name || t('contact.no_name')}</Link>],
        [t('contact.address'), contact.addresses.length > 0
          ? <>{list(contact.addresses.map(({ address }) => address))}</> : t('contact.none')],
        [t('contact.groups'), contact.groups.map(({ name }) => name).join(', ')],
        [t('contact.external_id'), contact.external_id],
      ]} />
    </Sheet>
  );
}

function Differences(props: { rows: readonly MergeRow[]; taken: ReadonlySet<string>; onTake: (taken: Set<string>) => void }) {
  const { t } = useTranslation();
  const fields = useCustomFields();
  const labels: Record<NonNullable<MergeRow['text']>, string> = {
    first_name: t('people.first_name'), last_name: t('people.last_name'), name: t('people.shown_name'),
    external_id: t('contact.external_id'), locale: t('message.language'), time_zone: t('contact.time_zone'),
  };
  const label = ({ key, text, main }: MergeRow) => text
    ? labels[text] : main ? t(`people.main_of.${main}`) : fields.data?.items.find(({ name }) => `field.${name}` === key)?.label ?? key.slice('field.'.length);
  if (props.rows.length === 0) return <p className={classes.soft}>{t('people.no_differences')}</p>;
  return (
    <div className={classes.rows}>
      {props.rows.map((row) => (
        <Radio.Group
          key={row.key} label={label(row)} value={props.taken.has(row.key) ? 'goes' : 'stays'}
          onChange={(side) => {
            const taken = new Set(props.taken);
            if (side === 'goes') taken.add(row.key);
            else taken.delete(row.key);
            props.onTake(taken);
          }}
        >
          <Group gap="lg" mt={4}>
            <Radio value="stays" label={row.stays} />
            <Radio value="goes" label={row.goes} />
          </Group>
        </Radio.Group>
      ))}
    </div>
  );
}

function Merge({ mine, other, onSwap }: { mine: Contact; other: Contact; onSwap: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const fields = useCustomFields();
  const [taken, setTaken] = useState<ReadonlySet<string>>(new Set());
  const [asks, setAsks] = useState(false);
  const rows = mergeRows(mine, other);
  const merge = useMutation({
    mutationFn: () => {
      const change = mergeChange(mine, other, taken, fields.data?.items ?? []);
      return answer(api.POST('/contacts/{contact_id}/merge', {
        params: { path: { contact_id: mine.id } },
        body: { contact_id: other.id, ...(change ? { change } : {}) },
      }));
    },
    onSuccess: () => {
      refreshContact(queries, mine.id);
      refreshContact(queries, other.id);
      void navigate(`/contacts/${mine.id}`);
    },
  });
  return (
    <>
      <div className={classes.sides}>
        <Side contact={mine} words={t('people.stays')} />
        <Side contact={other} words={t('people.goes')} />
      </div>
      <Sheet title={t('people.what_stays')}>
        <p className={classes.soft}>{t('people.merge_keeps')}</p>
        <Differences rows={rows} taken={taken} onTake={setTaken} />
        <Group mt="lg">
          <Button onClick={() => setAsks(true)}>{t('people.merge')}</Button>
          <Button variant="default" onClick={onSwap}>{t('people.swap')}</Button>
          <Button variant="default" component={Link} to={`/contacts/${mine.id}`}>{t('ask.leave')}</Button>
        </Group>
      </Sheet>
      <Ask
        opened={asks} onClose={() => setAsks(false)} title={t('people.merge')} grave busy={merge.isPending}
        error={merge.error} onYes={() => merge.mutate()}
      >
        <Text>
          {t('people.merge_asks', { mine: mine.name || mine.id, other: other.name || other.id })}
        </Text>
      </Ask>
    </>
  );
}

export function Component() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { id = '' } = useParams();
  const [params, change] = useUrlState();
  const withId = params.get('with') ?? '';
  const mine = useContact(id);
  const other = useContact(withId, withId !== '');
  const error = mine.error ?? other.error;
  if (error) return <TroubleNotice error={error} />;
  if (!mine.data) return <Skeleton height={320} aria-label={t('list.loading')} />;
  const name = mine.data.name || t('contact.no_name');
  return (
    <>
      <PageHead title={t('people.merge_title', { name })} over={<Link to={`/contacts/${id}`}>{name}</Link>} />
      {other.data ? (
        <Merge
          key={`${id} ${withId}`} mine={mine.data} other={other.data}
          onSwap={() => void navigate(`/contacts/${withId}/merge?with=${id}`, { replace: true })}
        />
      ) : (
        <Sheet>
          <ContactPicker
            label={t('people.merge_with')} description={t('people.merge_with_hint')} except={[id]}
            onChoose={(contact) => change({ with: contact?.id ?? null })}
          />
        </Sheet>
      )}
    </>
  );
}
