import { Button, Group, Modal, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useDeletion } from './queries';

export function DeleteDraft({ id }: { id: string }) {
  const { t } = useTranslation();
  const [asks, setAsks] = useState(false);
  const deletion = useDeletion(id);
  return (
    <>
      <Button variant="subtle" color="gray" c="var(--ink-soft)" onClick={() => setAsks(true)}>
        {t('compose.delete')}
      </Button>
      <Modal
        opened={asks} onClose={() => setAsks(false)} title={t('compose.delete')}
        closeButtonProps={{ 'aria-label': t('close') }}
      >
        <Text mb="md">{t('compose.delete_asks')}</Text>
        {deletion.error ? <TroubleNotice error={deletion.error} /> : null}
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={() => setAsks(false)}>{t('message.leave_it')}</Button>
          <Button color="red.9" loading={deletion.isPending} onClick={() => deletion.mutate()}>
            {t('compose.delete')}
          </Button>
        </Group>
      </Modal>
    </>
  );
}
