import { useTranslation } from 'react-i18next';
import { viewerZone, zoneName } from '../lib/time';

/** In which zone the times of a list are told. */
export function ZoneNote() {
  const { t } = useTranslation();
  return (
    <p style={{ margin: '12px 0 0', color: 'var(--ink-faint)', fontSize: 13.5 }}>
      {t('zone_note', { zone: zoneName(), name: viewerZone })}
    </p>
  );
}
