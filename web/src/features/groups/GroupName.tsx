import { TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Ask } from '../../ui/Ask';

interface Props {
  title: string;
  name: string;
  busy: boolean;
  error: unknown;
  onClose: () => void;
  onName: (name: string) => void;
}

/** Asks what a group is called. */
export function GroupName(props: Props) {
  const { t } = useTranslation();
  return (
    <Ask
      opened onClose={props.onClose} title={props.title} busy={props.busy} error={props.error}
      onYes={(form) => {
        const name = String(form.get('name') ?? '').trim();
        if (name) props.onName(name);
      }}
    >
      <TextInput
        name="name" label={t('log.name')} defaultValue={props.name} required maxLength={200} data-autofocus
        autoComplete="off"
      />
    </Ask>
  );
}
