// What stands in the fields of a form. Pure.

export function textIn(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value.trim() : '';
}

/** As `textIn`; null where nothing stands. */
export function textOrNull(form: FormData, name: string): string | null {
  return textIn(form, name) || null;
}

export function isTicked(form: FormData, name: string): boolean {
  return form.get(name) !== null;
}
