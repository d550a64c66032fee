/** When a send-out begins, as it was put on the screen. */
export type When = { kind: 'now' } | { kind: 'later'; date: string; time: string; zone: string };

export const kNow: When = { kind: 'now' };
