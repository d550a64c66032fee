import { Button } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';

/** Loads the next page when the end of a list comes near; past `rows` 1,000 only when asked. */
export function MoreRows(props: { rows: number; hasMore: boolean; busy: boolean; onMore: () => void }) {
  const { t } = useTranslation();
  const mark = useRef<HTMLDivElement>(null);
  const { hasMore, busy, onMore, rows } = props;
  useEffect(() => {
    const element = mark.current;
    if (!element || !hasMore || busy || rows >= 1000) return undefined;
    const watcher = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) onMore();
    }, { rootMargin: '600px' });
    watcher.observe(element);
    return () => watcher.disconnect();
  }, [hasMore, busy, onMore, rows]);
  if (!hasMore) return null;
  return (
    <div ref={mark} style={{ textAlign: 'center', padding: 16 }}>
      <Button variant="default" loading={busy} onClick={onMore}>{t('list.more')}</Button>
    </div>
  );
}
