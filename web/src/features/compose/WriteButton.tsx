import { IconPencilPlus } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useMay } from '../session/session';
import { useNewDraft } from './queries';
import classes from './WriteButton.module.css';

/** Begins a new message, for whom may. */
export function WriteButton() {
  const { t } = useTranslation();
  const may = useMay('campaigns:write');
  const begin = useNewDraft();
  if (!may) return null;
  return (
    <>
      <button type="button" className={classes.write} disabled={begin.isPending} onClick={() => begin.mutate({})}>
        <IconPencilPlus size={20} stroke={1.8} aria-hidden />
        <span>{t('compose.write')}</span>
      </button>
      {begin.error ? <TroubleNotice error={begin.error} /> : null}
    </>
  );
}
