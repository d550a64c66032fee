// What an activity carries, on one line. Pure.

type Datum = string | number | boolean | null | readonly unknown[];

function one(value: unknown): string {
  if (Array.isArray(value)) return value.map(one).join(', ');
  if (typeof value === 'object' && value !== null) {
    return Object.values(value).map(one).filter(Boolean).join(' ');
  }
  return value === null || value === undefined ? '' : String(value);
}

export function dataText(data: Record<string, Datum>): string {
  return Object.entries(data)
    .map(([name, value]) => [name.replaceAll('_', ' '), one(value)] as const)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}`)
    .join(' · ');
}
