import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { EmptyState } from '../ui/EmptyState';

export function NotHere() {
  const { t } = useTranslation();
  return (
    <EmptyState title={t('not_here.title')} sentence={t('not_here.sentence')}>
      <Button component={Link} to="/overview" variant="light">{t('not_here.back')}</Button>
    </EmptyState>
  );
}
