import { Button, CopyButton } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import classes from './CopyLine.module.css';

/** Something to paste elsewhere, exactly as it is. `what` names it to those who do not see it. */
export function CopyLine({ value, what }: { value: string; what: string }) {
  const { t } = useTranslation();
  return (
    <div className={classes.line}>
      <code>{value}</code>
      <CopyButton value={value} timeout={2000}>
        {({ copied, copy }) => (
          <Button
            variant="default" size="compact-sm" onClick={copy} aria-label={copied ? undefined : t('copy.what', { what })}
            leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
          >
            {t(copied ? 'copy.done' : 'copy.copy')}
          </Button>
        )}
      </CopyButton>
    </div>
  );
}
