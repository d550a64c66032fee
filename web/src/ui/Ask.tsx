import { Button, Group, Modal, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { TroubleNotice } from './TroubleNotice';

interface Props {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** What will happen, or the fields of it. */
  children: ReactNode;
  /** What the button says; the title unless told. */
  yes?: string;
  onYes: (form: FormData) => void;
  busy: boolean;
  error?: unknown;
  /** It cannot be undone. */
  grave?: boolean;
}

/** Asks before something is done; its fields come back as a form. */
export function Ask(props: Props) {
  const { t } = useTranslation();
  return (
    <Modal opened={props.opened} onClose={props.onClose} title={props.title} centered
      closeButtonProps={{ 'aria-label': t('close') }}>
      <form onSubmit={(event) => {
        event.preventDefault();
        if (!props.busy) props.onYes(new FormData(event.currentTarget));
      }}>
        <Stack gap="sm">
          {props.children}
          {props.error ? <TroubleNotice error={props.error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={props.onClose}>{t('ask.leave')}</Button>
            <Button type="submit" loading={props.busy} {...(props.grave ? { color: 'red.9' } : {})}>{props.yes ?? props.title}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
