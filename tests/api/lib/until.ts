// Waiting for what the program does by itself.
import assert from 'node:assert/strict';

/** Waits until `look` gives something; fails with `what` after `seconds`. */
export async function until<T>(
  what: string, look: () => Promise<T | undefined>, seconds = 30,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const got = await look();
    if (got !== undefined) return got;
    assert.ok(Date.now() < end, `${what} did not happen within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
