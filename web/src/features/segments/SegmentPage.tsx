import { Button, Group, Skeleton, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate, useParams } from 'react-router';
import { api, ifMatch, taggedAnswer, answer, type Tagged } from '../../api/client';
import { isTrouble } from '../../api/trouble';
import { Ask } from '../../ui/Ask';
import { EmptyState } from '../../ui/EmptyState';
import { wrongFields } from '../../ui/field_trouble';
import { PageHead } from '../../ui/PageHead';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useMay } from '../session/session';
import { JoinedRules } from './JoinedRules';
import { Matches } from './Matches';
import { useSegment, useSegments, type Segment } from './queries';
import { asksFor, asWhole, begun, isWhole, joinedRule } from './rule';
import classes from './Rules.module.css';

function Delete({ segment }: { segment: Segment }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [asks, setAsks] = useState(false);
  const remove = useMutation({
    mutationFn: () =>
      answer(api.DELETE('/segments/{segment_id}', { params: { path: { segment_id: segment.id } } })),
    onSuccess: () => {
      queries.removeQueries({ queryKey: ['segment', segment.id] });
      void queries.invalidateQueries({ queryKey: ['segments'] });
      void navigate('/contacts/segments', { replace: true });
    },
  });
  return (
    <>
      <Button variant="default" onClick={() => setAsks(true)}>{t('segments.delete')}</Button>
      <Ask
        opened={asks} onClose={() => setAsks(false)} title={t('segments.delete')} grave busy={remove.isPending}
        error={remove.error} onYes={() => remove.mutate()}
      >
        <Text>{t('segments.delete_asks', { segment: segment.name })}</Text>
      </Ask>
    </>
  );
}

/** The other segments that ask for this one. */
function UsedBy({ id }: { id: string }) {
  const { t } = useTranslation();
  const others = (useSegments().data?.pages.flatMap(({ items }) => items) ?? [])
    .filter((each) => each.id !== id && asksFor(each.rule, id));
  if (others.length === 0) return null;
  return (
    <Sheet title={t('segments.used_by')}>
      <ul className={classes.people}>
        {others.map((each) => <li key={each.id}><Link to={`/contacts/segments/${each.id}`}>{each.name}</Link></li>)}
      </ul>
    </Sheet>
  );
}

function Builder({ read }: { read: Tagged<Segment> | null }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const may = useMay('contacts:write');
  const [name, setName] = useState(read?.value.name ?? '');
  const [description, setDescription] = useState(read?.value.description ?? '');
  const [whole, setWhole] = useState(() => asWhole(read?.value.rule ?? { type: 'all', rules: [begun('field')] }));
  const [tried, setTried] = useState(false);
  const rule = joinedRule(whole);
  const id = read?.value.id ?? null;
  const save = useMutation({
    mutationFn: () => {
      const body = { name: name.trim(), description: description.trim(), rule };
      return taggedAnswer(read
        ? api.PATCH('/segments/{segment_id}', {
          params: { path: { segment_id: read.value.id }, header: ifMatch(read.tag) }, body,
        })
        : api.POST('/segments', { body }));
    },
    onSuccess: (made) => {
      queries.setQueryData(['segment', made.value.id], made);
      void queries.invalidateQueries({ queryKey: ['segments'] });
      void navigate(`/contacts/segments/${made.value.id}`, { replace: read !== null });
    },
  });
  const isSaved = save.isSuccess && save.data.value.name === name.trim();
  return (
    <div className={classes.columns}>
      <Sheet>
        <form className={classes.form} noValidate onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (name.trim() && isWhole(rule) && !save.isPending) save.mutate();
        }}>
          {save.error ? <TroubleNotice error={save.error} /> : null}
          {wrongFields(save.error).map(({ field, message }) => <p key={field} role="alert">{message}</p>)}
          <TextInput
            label={t('log.name')} value={name} required maxLength={200} autoComplete="off" readOnly={!may}
            error={tried && !name.trim() ? t('write_to_one.missing') : undefined}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Textarea
            label={t('attachment.description')} value={description} maxLength={2000} autosize minRows={1} readOnly={!may}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
          <JoinedRules whole={whole} depth={0} segment={id} onChange={setWhole} />
          {tried && !isWhole(rule) ? <Text c="var(--tone-bad)" role="alert">{t('segments.unfinished')}</Text> : null}
          {may ? (
            <Group>
              <Button type="submit" loading={save.isPending}>{t('segments.save')}</Button>
              <Button variant="default" component={Link} to="/contacts/segments">{t('ask.leave')}</Button>
              {isSaved ? <span role="status">{t('account.saved')}</span> : null}
            </Group>
          ) : null}
        </form>
      </Sheet>
      <div className={classes.stack}>
        <Matches rule={rule} />
        {id ? <UsedBy id={id} /> : null}
      </div>
    </div>
  );
}

function Existing({ id }: { id: string }) {
  const { t } = useTranslation();
  const may = useMay('contacts:write');
  const { data, error, refetch } = useSegment(id);
  if (isTrouble(error) && error.status === 404) {
    return <EmptyState title={t('segments.gone_title')} sentence={t('contact.gone')} />;
  }
  if (error) return <TroubleNotice error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={320} aria-label={t('list.loading')} />;
  return (
    <>
      <PageHead title={data.value.name} over={<Link to="/contacts/segments">{t('segments.title')}</Link>}>
        {may ? <Delete segment={data.value} /> : null}
      </PageHead>
      <Builder key={id} read={data} />
    </>
  );
}

export function Component() {
  const { t } = useTranslation();
  const { id = '' } = useParams();
  if (id !== 'new') return <Existing key={id} id={id} />;
  return (
    <>
      <PageHead title={t('segments.new')} over={<Link to="/contacts/segments">{t('segments.title')}</Link>} />
      <Builder read={null} />
    </>
  );
}
