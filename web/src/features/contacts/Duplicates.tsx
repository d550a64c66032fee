import { Button, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { answer, api } from '../../api/client';
import { EmptyState } from '../../ui/EmptyState';
import { PageHead } from '../../ui/PageHead';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { addressOf } from './contact_words';
import classes from './ContactPage.module.css';
import { useContact } from './queries';

function One({ id }: { id: string }) {
  const { t } = useTranslation();
  const { data } = useContact(id);
  return <Link to={`/contacts/${id}`}>{data ? data.name || addressOf(data, 'email') || t('contact.no_name') : id}</Link>;
}

/** Contacts that may be one person, to be merged. */
export function Component() {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery({
    queryKey: ['contacts', 'duplicates'],
    queryFn: ({ signal }) => answer(api.GET('/duplicate-contacts', { params: { query: { limit: 50 } }, signal })),
  });
  return (
    <>
      <PageHead title={t('duplicates.title')} over={<Link to="/contacts">{t('areas.contacts')}</Link>} />
      {error ? <TroubleNotice error={error} onRetry={() => void refetch()} /> : null}
      {!data && !error ? <Skeleton height={240} aria-label={t('list.loading')} /> : null}
      {data?.items.length === 0 ? <EmptyState title={t('duplicates.none')} /> : null}
      {data && data.items.length > 0 ? (
        <Sheet>
          <ul className={classes.relations}>
            {data.items.map(({ reason, value, contact_ids: [first = '', second = '', ...more] }) => (
              <li key={`${reason} ${value}`} className={classes.row}>
                <span>
                  <One id={first} /> · <One id={second} />
                  {more.length > 0 ? ` ${t('duplicates.more', { count: more.length })}` : null}
                  <span className={classes.soft}>{t(`duplicates.why.${reason}`, { value })}</span>
                </span>
                <Button
                  component={Link} to={`/contacts/${first}/merge?with=${second}`} variant="default" size="compact-sm"
                  style={{ flex: 'none' }}
                >
                  {t('duplicates.look')}
                </Button>
              </li>
            ))}
          </ul>
        </Sheet>
      ) : null}
    </>
  );
}
