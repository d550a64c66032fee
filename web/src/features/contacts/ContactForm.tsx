import { Button, Checkbox, Select, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { isTrouble } from '../../api/trouble';
import { useLanguage } from '../../lib/language/language';
import { fieldTrouble, wrongFields } from '../../ui/field_trouble';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { AddressFields } from './AddressFields';
import classes from './ContactForm.module.css';
import { filledIn, type ContactDraft } from './contact_draft';
import { OwnField } from './OwnField';
import { useCustomFields } from './queries';

const kLocales = ['ar', 'bg', 'cs', 'da', 'de', 'el', 'en', 'es', 'et', 'fi', 'fr', 'ga', 'hr', 'hu', 'it', 'lt', 'lv',
  'mt', 'nb', 'nl', 'pl', 'pt', 'ro', 'ru', 'sk', 'sl', 'sv', 'tr', 'uk', 'zh'];

function useLocales(present: string) {
  const names = new Intl.DisplayNames([useLanguage()], { type: 'language', fallback: 'code' });
  return [...new Set([...kLocales, ...(present ? [present] : [])])]
    .map((value) => ({ value, label: names.of(value) ?? value }))
    .sort((a, b) => a.label.localeCompare(b.label));
}

/** What somebody else has already: who that is, and whether both may have it. */
function Taken({ error, onShare }: { error: unknown; onShare: () => void }) {
  const { t } = useTranslation();
  const taken = wrongFields(error).filter(({ code }) => code.endsWith('_taken'));
  if (!isTrouble(error) || error.status !== 409 || taken.length === 0) return null;
  const others = taken.flatMap(({ message }) => message.match(/\b[0-9a-hj-km-np-tv-z]{13}\b/) ?? []);
  return (
    <div role="alert">
      {[...new Set(others)].map((id) => (
        <p key={id}><Link to={`/contacts/${id}`} target="_blank">{t('people.show_owner')}</Link></p>
      ))}
      {taken.every(({ code }) => code === 'contact.address_taken') ? (
        <Button variant="default" onClick={onShare}>{t('people.share')}</Button>
      ) : null}
    </div>
  );
}

interface Props {
  draft: ContactDraft;
  onChange: (draft: ContactDraft) => void;
  onSave: (share: boolean) => void;
  busy: boolean;
  error: unknown;
  save: string;
  children?: ReactNode; // beside the button
}

export function ContactForm({ draft, onChange, onSave, busy, error, save, children }: Props) {
  const { t } = useTranslation();
  const fields = useCustomFields();
  const locales = useLocales(draft.locale);
  const wrong = (pointer: string) => fieldTrouble(error, pointer);
  const known = fields.data?.items ?? [];
  const others = Object.keys(draft.fields).filter((name) => !known.some((field) => field.name === name));
  const set = (change: Partial<ContactDraft>) => onChange({ ...draft, ...change });
  const text = (name: 'first_name' | 'last_name' | 'name' | 'external_id') => ({
    value: draft[name], error: wrong(`/${name}`), autoComplete: 'off',
    onChange: (event: React.ChangeEvent<HTMLInputElement>) => set({ [name]: event.currentTarget.value }),
  });
  const wrongAddress = (key: number) => {
    const index = filledIn(draft).findIndex((each) => each.key === key);
    return index < 0 ? undefined : wrong(`/addresses/${index}/address`) ?? wrong(`/addresses/${index}`);
  };
  const own = (name: string, value: string) => set({ fields: { ...draft.fields, [name]: value } });
  return (
    <form className={classes.form} noValidate onSubmit={(event) => {
      event.preventDefault();
      if (!busy) onSave(false);
    }}>
      {error ? <TroubleNotice error={error} /> : null}
      <Taken error={error} onShare={() => onSave(true)} />
      <div className={classes.pair}>
        <TextInput label={t('people.first_name')} maxLength={500} autoFocus {...text('first_name')} />
        <TextInput label={t('people.last_name')} maxLength={500} {...text('last_name')} />
      </div>
      <TextInput
        label={t('people.shown_name')} description={t('people.shown_name_hint')} maxLength={500} {...text('name')}
      />
      <AddressFields
        channel="email" draft={draft} wrong={wrongAddress} onChange={(addresses) => set({ addresses })}
      />
      <AddressFields
        channel="sms" draft={draft} wrong={wrongAddress} onChange={(addresses) => set({ addresses })}
      />
      <div className={classes.pair}>
        <Select
          label={t('message.language')} data={locales} value={draft.locale || null} searchable clearable
          error={wrong('/locale')} nothingFoundMessage={t('people.none_found')}
          clearButtonProps={{ 'aria-label': t('people.empty') }}
          onChange={(value) => set({ locale: value ?? '' })}
        />
        <Select
          label={t('contact.time_zone')} data={Intl.supportedValuesOf('timeZone')} value={draft.time_zone || null}
          searchable clearable limit={60} error={wrong('/time_zone')} nothingFoundMessage={t('people.none_found')}
          clearButtonProps={{ 'aria-label': t('people.empty') }}
          onChange={(value) => set({ time_zone: value ?? '' })}
        />
      </div>
      <TextInput
        label={t('contact.external_id')} description={t('people.external_id_hint')} maxLength={200}
        {...text('external_id')}
      />
      {known.map((field) => (
        <OwnField
          key={field.name} field={field} value={draft.fields[field.name] ?? ''} error={wrong(`/fields/${field.name}`)}
          onChange={(value) => own(field.name, value)}
        />
      ))}
      {others.map((name) => (
        <OwnField
          key={name} field={{ label: name, type: 'text', choices: [], required: false }}
          value={draft.fields[name] ?? ''} error={wrong(`/fields/${name}`)} onChange={(value) => own(name, value)}
        />
      ))}
      <Checkbox
        label={t('contact.states.do_not_contact')} description={t('people.do_not_contact_hint')}
        checked={draft.do_not_contact} onChange={(event) => set({ do_not_contact: event.currentTarget.checked })}
      />
      <div className={classes.buttons}>
        <Button type="submit" loading={busy}>{save}</Button>
        {children}
      </div>
    </form>
  );
}
