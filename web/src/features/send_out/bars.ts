// The bars of "opens over time": one for each hour or day from the first to the last, those in which
// nothing happened too. Pure.

export interface Activity {
  at: string;
  opened: number;
  clicked: number;
}

export interface Bar {
  at: string;
  opened: number;
  clicked: number;
}

const kHour = 3_600_000;
export const kHoursMax = 72;
// Fewer would be blocks.
export const kBarsMin = 24;

/** More hours than a reader tells apart. */
export function spansTooLong(items: readonly Activity[]): boolean {
  const first = items[0];
  const last = items.at(-1);
  if (!first || !last) return false;
  return Date.parse(last.at) - Date.parse(first.at) > kHoursMax * kHour;
}

export function barsOf(items: readonly Activity[], by: 'hour' | 'day'): Bar[] {
  const bars: Bar[] = [];
  const step = by === 'hour' ? kHour : 24 * kHour;
  const next = () => Date.parse(bars.at(-1)?.at ?? '') + step;
  const addEmpty = () => bars.push({ at: new Date(next()).toISOString(), opened: 0, clicked: 0 });
  for (const { at, opened, clicked } of items) {
    // Half a step of slack: where the clocks change a day has 23 or 25 hours.
    while (bars.length > 0 && bars.length < 400 && next() + step / 2 <= Date.parse(at)) addEmpty();
    bars.push({ at, opened, clicked });
  }
  while (bars.length > 0 && bars.length < kBarsMin) addEmpty();
  return bars;
}
