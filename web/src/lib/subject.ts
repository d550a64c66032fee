// A subject as it was written, for people who do not read Liquid: each tag stands as the words of
// its name. "News for {{ contact.first_name | default: "you" }}" is "News for [first name]". Pure.

export function readableSubject(subject: string): string {
  return subject
    .replaceAll(/\{\{-?\s*([\w.]+)[^}]*\}\}/g, (_, name: string) =>
      `[${(name.split('.').pop() ?? name).replaceAll('_', ' ')}]`)
    .replaceAll(/\{%[^%]*%\}/g, '')
    .replaceAll(/ {2,}/g, ' ')
    .trim();
}
