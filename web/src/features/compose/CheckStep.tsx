import { useDebouncedValue } from '@mantine/hooks';
import { useEffect } from 'react';
import type { StepProps } from './Compose';
import classes from './Compose.module.css';
import { Findings } from './Findings';
import { PreviewSheet } from './PreviewSheet';
import { usePreflight } from './queries';
import { TestSend } from './TestSend';

/** As its recipients will see it, what should be mended, and a try. */
export function CheckStep({ kept, keeper }: StepProps) {
  const [fields] = useDebouncedValue(kept.fields, 300);
  const preflight = usePreflight(fields, kept.campaign);
  // The frame shows what the server has.
  useEffect(() => void keeper.flush(), [keeper]);
  return (
    <div className={classes.beside}>
      <div className={classes.column}>
        <PreviewSheet kept={kept} />
      </div>
      <aside className={classes.aside}>
        <Findings id={kept.campaign.id} preflight={preflight} />
        <TestSend kept={kept} />
      </aside>
    </div>
  );
}
