import { Button, Group, Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { TroubleNotice } from './TroubleNotice';

interface Props {
  opened: boolean;
  onClose: () => void;
  /** Names what will happen; the button says the same. */
  title: string;
  /** What the way back is called, where "Cancel" would not be clear. */
  back?: string;
  grave?: boolean;
  busy: boolean;
  error: unknown;
  onConfirm: (form: FormData) => void;
  children: ReactNode;
}

/** A question before something is done, with what has to be filled in for it. */
export function Confirm(props: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={props.opened} onClose={props.onClose} title={props.title} centered
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <form onSubmit={(event) => {
        event.preventDefault();
        if (!props.busy) props.onConfirm(new FormData(event.currentTarget));
      }}>
        {props.children}
        {props.error ? <TroubleNotice error={props.error} /> : null}
        <Group justify="flex-end" mt="lg">
          <Button variant="default" onClick={props.onClose}>{props.back ?? t('people.back')}</Button>
          <Button type="submit" loading={props.busy} {...(props.grave ? { color: 'red.9' } : {})}>
            {props.title}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
