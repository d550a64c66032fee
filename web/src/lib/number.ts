// Numbers as people of a language write them. Pure.

export function amount(value: number, locale: string): string {
  return new Intl.NumberFormat(locale).format(value);
}

/** `value` of 100: "38.4 %". A dash when there is nothing to divide by. */
export function percent(value: number | null, locale: string): string {
  if (value === null) return '–';
  return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 })
    .format(value / 100);
}

/** "12 KB" in steps of 1,000, as mail programs say it. */
export function octets(value: number, locale: string): string {
  const units = ['byte', 'kilobyte', 'megabyte'] as const;
  let step = 0;
  let left = value;
  while (left >= 1000 && step < units.length - 1) {
    left /= 1000;
    step += 1;
  }
  return new Intl.NumberFormat(locale, {
    style: 'unit', unit: units[step] ?? 'byte', unitDisplay: 'short',
    maximumFractionDigits: left < 10 && step > 0 ? 1 : 0,
  }).format(left);
}
