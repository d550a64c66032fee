/** What a click on the heading of `key` asks for. Pure. */
export function nextSort(sort: string | undefined, key: string, first: 'up' | 'down' = 'up'): string {
  const up = key;
  const down = `-${key}`;
  if (sort === up) return down;
  if (sort === down) return up;
  return first === 'up' ? up : down;
}
