// What each column of a file is taken for, as a person chooses it. Pure.
import type { Schema } from '../../api/client';

export type Column = Schema<'ImportColumn'>;

export const kFields = ['email', 'phone', 'external_id', 'first_name', 'last_name', 'name', 'locale', 'time_zone', 'group'] as const;
export type Field = (typeof kFields)[number];

/** The choice for a column: a field, "-" to leave it out, or "custom:NAME". */
export function choiceOf({ field, name }: Pick<Column, 'field' | 'name'>): string {
  return field === 'custom' ? `custom:${name}` : field;
}

/** The name that a field of the organisation's own gets from a heading; the server has the last word. */
export function nameFrom(header: string): string {
  const plain = header.normalize('NFKD').toLowerCase().replaceAll('ł', 'l').replaceAll('ß', 'ss')
    .replaceAll(/\p{M}/gu, '').replaceAll(/[^a-z0-9]+/g, '_').replaceAll(/^_+|_+$/g, '').slice(0, 57);
  return /^[a-z]/.test(plain) ? plain : `column_${plain || 'x'}`;
}

/** All columns as the API takes them: by number, whatever their headings are. */
export function mappings(choices: readonly string[]): string[] {
  return choices.map((choice, index) => `${index + 1}=${choice.replace(/^custom:/, '')}`);
}

/** The choices with one changed; a field is only one column's, so the other is left out. */
export function withChoice(choices: readonly string[], index: number, choice: string): readonly string[] {
  return choices.map((each, at) => {
    if (at === index) return choice;
    return each === choice && choice !== '-' ? '-' : each;
  });
}

/** By what somebody who is there already is known, with these columns. */
export function knownBy(choices: readonly string[]): 'external_id' | 'email' | 'phone' | 'nothing' {
  return (['external_id', 'email', 'phone'] as const).find((field) => choices.includes(field)) ?? 'nothing';
}
