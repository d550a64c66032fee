// The period of a list as its address says it, and as the API wants it. Pure.
//
//   (nothing)                     the last seven days, the API's own usual
//   period=30d, period=all        so many days; of any age
//   from=2026-11-01&until=…       whole days in the viewer's zone, both included

export const kPeriods = ['7d', '30d', '365d', 'all'] as const;
export type Period = (typeof kPeriods)[number] | 'dates';

export interface PeriodQuery {
  from?: string;
  until?: string;
  all?: boolean;
}

const kDay = 24 * 60 * 60 * 1000;
const kDate = /^\d{4}-\d{2}-\d{2}$/;

/** Midnight of a date in the viewer's zone, `days` later; null where there is no such date. */
export function midnight(date: string, days = 0): Date | null {
  if (!kDate.test(date)) return null;
  const [year, month, day] = date.split('-').map(Number) as [number, number, number];
  const made = new Date(year, month - 1, day);
  if (made.getMonth() !== month - 1) return null;
  return new Date(year, month - 1, day + days);
}

export function periodOf(params: URLSearchParams): Period {
  if (params.get('from') || params.get('until')) return 'dates';
  const word = params.get('period');
  return kPeriods.find((each) => each === word) ?? '7d';
}

/** So many days before `now`, to the hour before, so that a reload within it asks the same. */
export function daysBefore(now: Date, days: number): string {
  const hour = Math.floor(now.getTime() / 3_600_000) * 3_600_000;
  return new Date(hour - days * kDay).toISOString();
}

export function periodQuery(params: URLSearchParams, now: Date): PeriodQuery {
  const period = periodOf(params);
  if (period === 'all') return { all: true };
  if (period === 'dates') {
    const from = midnight(params.get('from') ?? '');
    const until = midnight(params.get('until') ?? '', 1);
    if (!from && !until) return {};
    return {
      ...(from ? { from: from.toISOString() } : {}),
      ...(until ? { until: until.toISOString() } : {}),
      ...(from ? {} : { all: true }),
    };
  }
  if (period === '7d') return {};
  return { from: daysBefore(now, Number.parseInt(period, 10)) };
}
