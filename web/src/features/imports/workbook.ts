import type { Sheet, WorkbookAnswer } from './workbook_worker';

/** The sheets of a workbook that hold anything; null when it is none. */
export function readWorkbook(file: Blob): Promise<Sheet[] | null> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./workbook_worker.ts', import.meta.url), { type: 'module' });
    const end = (sheets: Sheet[] | null) => {
      worker.terminate();
      resolve(sheets);
    };
    worker.onmessage = (event: MessageEvent<WorkbookAnswer>) => end('sheets' in event.data ? event.data.sheets : null);
    worker.onerror = () => end(null);
    file.arrayBuffer().then((octets) => worker.postMessage(octets, [octets]), (error: unknown) => {
      worker.terminate();
      reject(error instanceof Error ? error : new Error(String(error)));
    });
  });
}
