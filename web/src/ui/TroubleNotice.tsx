import { Button } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useTroubleSentence } from './trouble_sentence';
import classes from './TroubleNotice.module.css';

/** What went wrong, in a sentence, and a way on. */
export function TroubleNotice(props: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  const sentence = useTroubleSentence();
  return (
    <div className={classes.notice} role="alert">
      <IconAlertTriangle size={20} aria-hidden />
      <p>{sentence(props.error)}</p>
      {props.onRetry ? (
        <Button size="compact-sm" variant="default" onClick={props.onRetry}>
          {t('trouble.retry')}
        </Button>
      ) : null}
    </div>
  );
}
