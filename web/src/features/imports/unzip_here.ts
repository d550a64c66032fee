// What read-excel-file unzips with, in place of fflate's own `unzip`: that makes workers of blob:
// addresses, which the page's policy forbids. We are in a worker already (vite.config.ts).
import { unzipSync, type Unzipped } from 'fflate/browser';

export * from 'fflate/browser';

export function unzip(archive: Uint8Array, done: (error: Error | null, files: Unzipped) => void): void {
  let files: Unzipped;
  try {
    files = unzipSync(archive);
  } catch (error) {
    done(error instanceof Error ? error : new Error(String(error)), {});
    return;
  }
  done(null, files);
}
