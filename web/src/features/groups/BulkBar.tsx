import { Button, Select } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocale } from '../../lib/language/language';
import { amount } from '../../lib/number';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useGroups } from '../contacts/queries';
import { GroupName } from './GroupName';
import classes from './GroupPage.module.css';
import { useGroupCreation, useMembership, type ContactFilter, type Whom } from './queries';

interface Props {
  chosen: ReadonlySet<string>;
  /** What the list shows now: everybody it finds can be meant instead. */
  filter: ContactFilter;
  isFiltered: boolean;
  onDone: () => void;
}

/** What is done with many contacts at once: those that are ticked, or all that the filter finds. */
export function BulkBar({ chosen, filter, isFiltered, onDone }: Props) {
  const { t } = useTranslation();
  const locale = useLocale();
  const groups = useGroups();
  const membership = useMembership();
  const create = useGroupCreation();
  const [all, setAll] = useState(false);
  const [names, setNames] = useState(false);
  const whom: Whom = all ? { filter } : { contact_ids: [...chosen] };
  if (membership.isSuccess && chosen.size === 0) {
    return (
      <p className={classes.bar} role="status">
        {t('groups.added', { count: membership.data, amount: amount(membership.data, locale) })}
      </p>
    );
  }
  if (chosen.size === 0) return null;
  const add = (group: string) => membership.mutate({ group, whom, how: 'add' }, {
    onSuccess: () => {
      setAll(false);
      setNames(false);
      onDone();
    },
  });
  return (
    <>
      <div className={classes.bar} role="group" aria-label={t('groups.bulk')}>
        <span role="status">
          {all ? t(isFiltered ? 'groups.all_that_fit' : 'groups.everybody') : t('groups.chosen', { count: chosen.size })}
        </span>
        <Button variant="subtle" size="compact-md" onClick={() => setAll(!all)}>
          {all ? t('groups.only_chosen', { count: chosen.size })
            : t(isFiltered ? 'groups.choose_all_that_fit' : 'groups.choose_everybody')}
        </Button>
        <Select
          size="sm" aria-label={t('people.add_to_group')} placeholder={t('people.add_to_group')} searchable limit={50}
          data={(groups.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name }))} value={null}
          nothingFoundMessage={t('people.none_found')} disabled={membership.isPending}
          onChange={(id) => id && add(id)}
        />
        <Button variant="default" size="compact-md" onClick={() => {
          create.reset();
          setNames(true);
        }}>
          {t('groups.new')}
        </Button>
        <Button variant="subtle" size="compact-md" onClick={onDone}>{t('groups.choose_none')}</Button>
      </div>
      {membership.error ? <TroubleNotice error={membership.error} /> : null}
      {names ? (
        <GroupName
          title={t('groups.new')} name="" busy={create.isPending || membership.isPending} error={create.error}
          onClose={() => setNames(false)}
          onName={(name) => create.mutate(name, { onSuccess: ({ id }) => add(id) })}
        />
      ) : null}
    </>
  );
}
