// A Trouble in the reader's language: ours for what happens often, else the server's own sentence.
import { useTranslation } from 'react-i18next';
import { isTrouble } from '../api/trouble';

export function useTroubleSentence(): (error: unknown) => string {
  const { t, i18n } = useTranslation();
  return (error) => {
    if (!isTrouble(error)) return t('trouble.unknown');
    const key = `trouble.${error.code.replaceAll('.', '_')}`;
    const seconds = error.retryAfter ?? 0;
    if (error.retryAfter !== null && i18n.exists(`${key}_other`, { count: 2 })) {
      return t(key as 'trouble.rate_limited', { count: seconds });
    }
    if (i18n.exists(key)) return t(key as 'trouble.network');
    return error.message || t('trouble.unknown');
  };
}
