// What a call found wrong with one member of what was sent, in the reader's language.
import { useTranslation } from 'react-i18next';
import { isTrouble, type FieldError } from '../api/trouble';

export function wrongFields(error: unknown): readonly FieldError[] {
  return isTrouble(error) ? error.fields : [];
}

export function useFieldTrouble(error: unknown): (pointer: string) => string | undefined {
  const { t, i18n } = useTranslation();
  return (pointer) => {
    const found = wrongFields(error).find(({ field }) => field === pointer);
    if (!found) return undefined;
    const key = `trouble.${found.code.replaceAll('.', '_')}`;
    return i18n.exists(key) ? t(key as 'trouble.network') : found.message;
  };
}
