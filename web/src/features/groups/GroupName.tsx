import { TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Confirm } from '../../ui/Confirm';

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
    <Confirm
      opened onClose={props.onClose} title={props.title} busy={props.busy} error={props.error}
      onConfirm={(form) => {
        const name = String(form.get('name') ?? '').trim();
        if (name) props.onName(name);
      }}
    >
      <TextInput
        name="name" label={t('log.name')} defaultValue={props.name} required maxLength={200} data-autofocus mb="md"
        autoComplete="off"
      />
    </Confirm>
  );
}
