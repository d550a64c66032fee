// Reads a workbook (.xlsx) beside the page, which stays usable meanwhile.
import readWorkbook from 'read-excel-file/universal';
import { toCsv, type Cell } from './csv';

export interface Sheet {
  name: string;
  rows: number;
  csv: string;
}
export type WorkbookAnswer = { sheets: Sheet[] } | { failed: true };

self.onmessage = (event: MessageEvent<ArrayBuffer>) => {
  readWorkbook(event.data)
    .then((sheets): WorkbookAnswer => ({
      sheets: sheets.filter(({ data }) => data.length > 0).map(({ sheet, data }) =>
        ({ name: sheet, rows: data.length, csv: toCsv(data as unknown as Cell[][]) })),
    }))
    .catch((): WorkbookAnswer => ({ failed: true }))
    .then((answer) => self.postMessage(answer));
};
