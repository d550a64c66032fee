import { useTranslation } from 'react-i18next';
import { viewerZone, zoneName } from '../lib/time';

/** In which zone the times of a list are told. */
export function ZoneNote() {
  const { t } = useTranslation();
  const zone = zoneName();
  return (
    <p style={{ margin: '12px 0 0', color: 'var(--ink-faint)', fontSize: 13.5 }}>
      {zone === viewerZone ? t('zone_note_plain', { zone }) : t('zone_note', { zone, name: viewerZone })}
    </p>
  );
}
