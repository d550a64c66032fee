import { Group, SegmentedControl, Skeleton } from '@mantine/core';
import { lazy, Suspense, useRef, useState, type RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import { isPlain } from '../visual/letter_parts';
import classes from './Compose.module.css';
import type { Insert } from './insertion';
import { useTagLabels } from './TagPanel';

const SourceEditor = lazy(() => import('./SourceEditor'));
const VisualEditor = lazy(() => import('../visual/VisualEditor'));

type Mode = 'visual' | 'source';

interface Props {
  label: string; // of the message
  sourceLabel: string;
  value: string;
  line: number | null; // of the source, to go to at first
  target: RefObject<Insert | null>;
  onChange: (value: string) => void;
}

const kStored = 'tidings.editor';

function storedMode(): Mode | null {
  try {
    const stored = localStorage.getItem(kStored);
    return stored === 'visual' || stored === 'source' ? stored : null;
  } catch {
    return null;
  }
}

function store(mode: Mode): void {
  try {
    localStorage.setItem(kStored, mode);
  } catch { /* a browser that keeps nothing */ }
}

/** The HTML of a message: as its reader sees it, or its source. Either keeps what nobody changes. */
export function HtmlEditor({ label, sourceLabel, value, line, target, onChange }: Props) {
  const { t } = useTranslation();
  const labels = useTagLabels();
  const flush = useRef<(() => Promise<void>) | null>(null);
  const [mode, setMode] = useState<Mode>(() =>
    (line ? 'source' : storedMode() ?? (isPlain(value) ? 'visual' : 'source')));
  const [refused, setRefused] = useState<readonly number[]>([]);
  const choose = async (wanted: Mode) => {
    await flush.current?.();
    store(wanted);
    setRefused([]);
    setMode(wanted);
  };
  const waiting = <Skeleton role="img" height={360} aria-label={t('list.loading')} />;
  return (
    <>
      <Group justify="space-between" mb="xs">
        <SegmentedControl
          aria-label={t('visual.mode')} size="sm" value={mode}
          data={[{ value: 'visual', label: t('visual.visual') }, { value: 'source', label: t('visual.source') }]}
          onChange={(wanted) => void choose(wanted as Mode)}
        />
      </Group>
      {refused.length > 0 ? (
        <p role="status" className={classes.soft}>
          {t('visual.refused', { count: refused.length, lines: refused.slice(0, 12).join(', ') })}
        </p>
      ) : null}
      <Suspense fallback={waiting}>
        {mode === 'source' ? (
          <SourceEditor label={sourceLabel} value={value} language="html" line={line} target={target} onChange={onChange} />
        ) : null}
        {mode === 'visual' && !labels ? waiting : null}
        {mode === 'visual' && labels ? (
          <VisualEditor
            label={label} value={value} labels={labels} target={target} flush={flush} onChange={onChange}
            onRefused={(lines) => {
              setRefused(lines);
              setMode('source');
            }}
          />
        ) : null}
      </Suspense>
    </>
  );
}
