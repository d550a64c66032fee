import { isTrouble } from '../api/trouble';

/** What the API says is wrong with the member `name` of what was sent. */
export function fieldError(error: unknown, name: string): string | undefined {
  if (!isTrouble(error)) return undefined;
  return error.fields.find(({ field }) => field === `/${name}` || field.startsWith(`/${name}/`))?.message;
}
