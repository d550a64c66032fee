import { ActionIcon, Button, Radio, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import classes from './ContactForm.module.css';
import type { Channel, ContactDraft, DraftAddress } from './contact_draft';

interface Props {
  channel: Channel;
  draft: ContactDraft;
  onChange: (addresses: readonly DraftAddress[]) => void;
  /** What is wrong with the address of this row. */
  wrong: (key: number) => string | undefined;
}

/** The addresses of one channel; with several, one of them is the main one. */
export function AddressFields({ channel, draft, onChange, wrong }: Props) {
  const { t } = useTranslation();
  const own = draft.addresses.filter((each) => each.channel === channel);
  const words = channel === 'email' ? t('contact.email') : t('contact.phone');
  const put = (key: number, change: Partial<DraftAddress>) =>
    onChange(draft.addresses.map((each) => (each.key === key ? { ...each, ...change } : each)));
  const makeMain = (key: number) => onChange(draft.addresses.map((each) =>
    (each.channel === channel ? { ...each, primary: each.key === key } : each)));
  const remove = (key: number) => {
    const left = draft.addresses.filter((each) => each.key !== key);
    const mine = left.filter((each) => each.channel === channel);
    const first = mine.some(({ primary }) => primary) ? undefined : mine[0];
    onChange(left.map((each) => (each === first ? { ...each, primary: true } : each)));
  };
  const add = () => onChange([...draft.addresses, {
    key: Math.max(-1, ...draft.addresses.map(({ key }) => key)) + 1, channel, address: '',
    primary: own.length === 0,
  }]);
  return (
    <fieldset className={classes.addresses}>
      <legend>{words}</legend>
      {own.map((each, index) => (
        <div key={each.key} className={classes.address}>
          <TextInput
            type={channel === 'email' ? 'email' : 'tel'} value={each.address} maxLength={400} autoComplete="off"
            aria-label={own.length > 1 ? `${words} ${index + 1}` : words} error={wrong(each.key)}
            onChange={(event) => put(each.key, { address: event.currentTarget.value })}
          />
          {own.length > 1 ? (
            <Radio
              name={`main-${channel}`} label={t('people.main')} checked={each.primary}
              onChange={() => makeMain(each.key)}
            />
          ) : null}
          <ActionIcon
            variant="subtle" color="gray" size="lg" onClick={() => remove(each.key)}
            aria-label={t('people.remove_address', { address: each.address || words })}
          >
            <IconTrash size={18} aria-hidden />
          </ActionIcon>
        </div>
      ))}
      <Button variant="subtle" size="compact-sm" leftSection={<IconPlus size={15} aria-hidden />} onClick={add}>
        {channel === 'email' ? t('people.add_email') : t('people.add_phone')}
      </Button>
    </fieldset>
  );
}
