// Instants as people read them, in the viewer's own zone. Pure but for the viewer's zone.

export const viewerZone: string = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** "Europe/Brussels" as it is said: "Brussels". */
export function zoneName(zone: string = viewerZone): string {
  return (zone.split('/').pop() ?? zone).replaceAll('_', ' ');
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${JSON.stringify(options)}`;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(locale, options);
    formats.set(key, found);
  }
  return found;
}

const kTime: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };

/** "22 Nov, 14:03"; with its year when that is another. */
export function shortTime(instant: string, locale: string, now = new Date()): string {
  const date = new Date(instant);
  const year = date.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' as const };
  return format(locale, { day: 'numeric', month: 'short', ...year, ...kTime }).format(date);
}

/** "22 Nov", "22 Nov 2025". */
export function shortDate(instant: string, locale: string, now = new Date()): string {
  const date = new Date(instant);
  const year = date.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' as const };
  return format(locale, { day: 'numeric', month: 'short', ...year }).format(date);
}

/** "Sunday 22 November 2026 at 14:03:07 CET". */
export function longTime(instant: string, locale: string): string {
  return format(locale, {
    weekday: 'long', day: 'numeric', month: 'long', year: 'numeric',
    second: '2-digit', timeZoneName: 'short', ...kTime,
  }).format(new Date(instant));
}

/** "14:03:07". */
export function clockTime(instant: string, locale: string): string {
  return format(locale, { second: '2-digit', ...kTime }).format(new Date(instant));
}

/** "Sunday 22 November". */
export function dayName(instant: string, locale: string): string {
  return format(locale, {
    weekday: 'long', day: 'numeric', month: 'long', year: 'numeric',
  }).format(new Date(instant));
}
