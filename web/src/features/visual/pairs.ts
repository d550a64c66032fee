// The longest run of equals that two lists share, in order. Pure.

const kMost = 4_000_000; // cells; beyond, what is between the equal ends is taken as changed

/** Places of equals, ascending in both. */
export function pairs(a: readonly string[], b: readonly string[]): (readonly [number, number])[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const found: (readonly [number, number])[] = Array.from({ length: head }, (_, i) => [i, i] as const);
  const rows = a.length - head - tail;
  const columns = b.length - head - tail;
  if (rows * columns <= kMost) {
    const width = columns + 1;
    const longest = new Uint32Array((rows + 1) * width);
    const cell = (i: number, j: number) => longest[i * width + j] ?? 0;
    for (let i = rows - 1; i >= 0; --i) {
      for (let j = columns - 1; j >= 0; --j) {
        longest[i * width + j] = a[head + i] === b[head + j] ? cell(i + 1, j + 1) + 1 : Math.max(cell(i + 1, j), cell(i, j + 1));
      }
    }
    for (let i = 0, j = 0; i < rows && j < columns;) {
      if (a[head + i] === b[head + j]) found.push([head + i++, head + j++]);
      else if (cell(i + 1, j) >= cell(i, j + 1)) i += 1;
      else j += 1;
    }
  }
  for (let i = tail; i > 0; --i) found.push([a.length - i, b.length - i]);
  return found;
}
