import { Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './Compose.module.css';

/** What is seldom wanted, closed. */
export function MoreOptions({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <details className={classes.more}>
      <summary>{t('compose.more_options')}</summary>
      <Stack gap="md" mt="sm">{children}</Stack>
    </details>
  );
}
