// Why a message is where it is, in the reader's words: ours for what is known ("mailbox_full"), else
// the stored word as it is.
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';

export function reasonKey(reason: string): string {
  return reason.trim().toLowerCase().replaceAll(/[ .:-]+/g, '_');
}

export function useReason(): (reason: string) => string {
  const { t, i18n } = useTranslation();
  return useCallback((reason) => {
    if (reason === '') return '';
    const key = `reason.${reasonKey(reason)}`;
    return i18n.exists(key) ? t(key as 'reason.accepted') : reason.replaceAll('_', ' ');
  }, [t, i18n]);
}
