// What a call found wrong with one member of what was sent, in the reader's language.
import i18next from 'i18next';
import { isTrouble, type FieldError } from '../api/trouble';

export function wrongFields(error: unknown): readonly FieldError[] {
  return isTrouble(error) ? error.fields : [];
}

/** Of the member at `pointer` (`/addresses/0`), or of one within it. */
export function fieldTrouble(error: unknown, pointer: string): string | undefined {
  const found = wrongFields(error).find(({ field }) => field === pointer || field.startsWith(`${pointer}/`));
  if (!found) return undefined;
  const key = `trouble.${found.code.replaceAll('.', '_')}`;
  return i18next.exists(key) ? i18next.t(key as 'trouble.network') : found.message;
}
