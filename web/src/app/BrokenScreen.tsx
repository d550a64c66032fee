import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '../ui/EmptyState';

/** A mistake of ours, or a part that could not be loaded (a new version was installed meanwhile). */
export function BrokenScreen() {
  const { t } = useTranslation();
  return (
    <EmptyState title={t('broken.title')} sentence={t('broken.sentence')}>
      <Button onClick={() => window.location.reload()}>{t('broken.reload')}</Button>
    </EmptyState>
  );
}
