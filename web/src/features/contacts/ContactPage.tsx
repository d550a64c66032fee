import { Skeleton, Tabs } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { isTrouble } from '../../api/trouble';
import { useLocale } from '../../lib/language/language';
import { longTime, shortDate } from '../../lib/time';
import { useUrlState } from '../../lib/url_state';
import { EmptyState } from '../../ui/EmptyState';
import { Facts } from '../../ui/Facts';
import { PageHead } from '../../ui/PageHead';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { ZoneNote } from '../../ui/ZoneNote';
import { useMay } from '../session/session';
import { Activities } from './Activities';
import { ContactActions } from './ContactActions';
import { ContactGroups } from './ContactGroups';
import classes from './ContactPage.module.css';
import { addressOf, fieldText } from './contact_words';
import { EmailState } from './EmailState';
import { Communications } from './History';
import { Preferences } from './Preferences';
import { useContact, useCustomFields, type Contact } from './queries';
import { Relations } from './Relations';
import { Suppressed } from './Suppressed';

function Details({ contact }: { contact: Contact }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const fields = useCustomFields();
  const known = fields.data?.items ?? [];
  const label = (name: string) => known.find((field) => field.name === name)?.label ?? name;
  const order = (name: string) => known.findIndex((field) => field.name === name);
  const own = Object.entries(contact.fields).sort(([a], [b]) => order(a) - order(b));
  const list = (channel: 'email' | 'sms') => contact.addresses
    .filter((each) => each.channel === channel)
    .map(({ address }) => <div key={address}>{address}</div>);
  const emails = list('email');
  const phones = list('sms');
  return (
    <Sheet title={t('contact.details')}>
      <Facts facts={[
        [t('contact.email'), emails.length > 0 ? <>{emails}</> : t('contact.none')],
        [t('contact.phone'), phones.length > 0 ? <>{phones}</> : null],
        [t('message.language'), contact.locale],
        [t('contact.time_zone'), contact.time_zone],
        [t('contact.external_id'), contact.external_id],
        ...own.map(([name, value]) => [label(name), fieldText(value, locale)] as const),
        [t('contact.last_interaction'), contact.last_interaction_at
          ? longTime(contact.last_interaction_at, locale) : null],
        [t('contact.created'), shortDate(contact.created_at, locale)],
        [t('contact.changed'), shortDate(contact.changed_at, locale)],
      ]} />
    </Sheet>
  );
}

function History({ id }: { id: string }) {
  const { t } = useTranslation();
  const [params, change] = useUrlState();
  const mayRecord = useMay('record:read');
  const tab = params.get('history') === 'activities' || !mayRecord ? 'activities' : 'communications';
  return (
    <section aria-label={t('contact.history')}>
      <Tabs
        value={tab} keepMounted={false}
        onChange={(next) => change({ history: next === 'communications' ? null : next })}
      >
        <Tabs.List mb="md">
          {mayRecord ? <Tabs.Tab value="communications">{t('contact.communications')}</Tabs.Tab> : null}
          <Tabs.Tab value="activities">{t('contact.activities')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="communications"><Communications id={id} /></Tabs.Panel>
        <Tabs.Panel value="activities"><Activities id={id} /></Tabs.Panel>
      </Tabs>
    </section>
  );
}

export function Component() {
  const { t } = useTranslation();
  const { id = '' } = useParams();
  const { data: contact, error, refetch } = useContact(id);
  if (isTrouble(error) && error.status === 404) {
    return <EmptyState title={t('contact.gone_title')} sentence={t('contact.gone')} />;
  }
  if (error) return <TroubleNotice error={error} onRetry={() => void refetch()} />;
  if (!contact) return <Skeleton height={320} aria-label={t('list.loading')} />;
  return (
    <>
      <PageHead
        title={contact.name || addressOf(contact, 'email') || t('contact.no_name')}
        over={<Link to="/contacts">{t('areas.contacts')}</Link>}
        under={<EmailState state={contact.email_state} words />}
      >
        <ContactActions contact={contact} />
      </PageHead>
      <div className={classes.columns}>
        <History id={contact.id} />
        <div className={classes.side}>
          <Details contact={contact} />
          <ContactGroups contact={contact} />
          <Relations contact={contact} />
          <Preferences contact={contact} />
          <Suppressed contact={contact} />
        </div>
      </div>
      <ZoneNote />
    </>
  );
}
