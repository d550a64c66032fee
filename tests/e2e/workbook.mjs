// A workbook (.xlsx) as a spreadsheet program writes it: its parts, deflated, in a ZIP archive.
import { crc32, deflateRawSync } from 'node:zlib';

const kNames = 'http://schemas.openxmlformats.org';

function zip(files) {
  const parts = [];
  const index = [];
  let at = 0;
  for (const [name, text] of files) {
    const raw = Buffer.from(text);
    const packed = deflateRawSync(raw);
    const head = Buffer.alloc(26);
    head.writeUInt16LE(20, 0);
    head.writeUInt16LE(8, 4);
    head.writeUInt32LE(crc32(raw), 10);
    head.writeUInt32LE(packed.length, 14);
    head.writeUInt32LE(raw.length, 18);
    head.writeUInt16LE(name.length, 22);
    parts.push(Buffer.from('PK\x03\x04'), head, Buffer.from(name), packed);
    const rest = Buffer.alloc(16);
    rest.writeUInt32LE(at, 12);
    index.push(Buffer.from('PK\x01\x02\x14\x00'), head, rest.subarray(2), Buffer.from(name));
    at += 30 + name.length + packed.length;
  }
  const directory = Buffer.concat(index);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...parts, directory, Buffer.from('PK\x05\x06'), end]);
}

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** The rows of one sheet; text and numbers. */
export function workbook(rows) {
  const cell = (value, row, column) => {
    const place = `${String.fromCharCode(65 + column)}${row + 1}`;
    return typeof value === 'number' ? `<c r="${place}"><v>${value}</v></c>`
      : `<c r="${place}" t="inlineStr"><is><t>${escaped(value)}</t></is></c>`;
  };
  const lines = rows.map((row, at) => `<row r="${at + 1}">${row.map((value, column) => cell(value, at, column)).join('')}</row>`);
  const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
  const main = `xmlns="${kNames}/spreadsheetml/2006/main"`;
  const relation = (type, target) =>
    `${head}<Relationships xmlns="${kNames}/package/2006/relationships"><Relationship Id="rId1" Type="${kNames}/officeDocument/2006/relationships/${type}" Target="${target}"/></Relationships>`;
  return zip([
    ['[Content_Types].xml', `${head}<Types xmlns="${kNames}/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/></Types>`],
    ['_rels/.rels', relation('officeDocument', 'xl/workbook.xml')],
    ['xl/workbook.xml', `${head}<workbook ${main} xmlns:r="${kNames}/officeDocument/2006/relationships"><sheets><sheet name="People" sheetId="1" r:id="rId1"/></sheets></workbook>`],
    ['xl/_rels/workbook.xml.rels', relation('worksheet', 'worksheets/sheet1.xml')],
    ['xl/worksheets/sheet1.xml', `${head}<worksheet ${main}><sheetData>${lines.join('')}</sheetData></worksheet>`],
  ]);
}
