import { Button, FileButton, Group, Radio, Stack, Textarea } from '@mantine/core';
import { IconFileSpreadsheet } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { useLocale } from '../../lib/language/language';
import { amount } from '../../lib/number';
import { PageHead } from '../../ui/PageHead';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import classes from './NewImport.module.css';
import { useUpload } from './queries';
import { readWorkbook } from './workbook';
import type { Sheet as WorkbookSheet } from './workbook_worker';

const kAccept = '.csv,.tsv,.txt,.xlsx,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

interface Workbook {
  name: string;
  sheets: readonly WorkbookSheet[];
}

/** Which sheet of a workbook has the people. */
function SheetChoice({ workbook, busy, onChoose }: {
  workbook: Workbook;
  busy: boolean;
  onChoose: (sheet: WorkbookSheet) => void;
}) {
  const { t } = useTranslation();
  const locale = useLocale();
  const [at, setAt] = useState('0');
  return (
    <Sheet title={workbook.name}>
      <Radio.Group label={t('imports.which_sheet')} value={at} onChange={setAt}>
        <Stack gap={8} my={8}>
          {workbook.sheets.map(({ name, rows }, index) => (
            <Radio
              key={name} value={String(index)}
              label={`${name} (${t('imports.rows', { count: rows, amount: amount(rows, locale) })})`}
            />
          ))}
        </Stack>
      </Radio.Group>
      <Button mt="sm" loading={busy} onClick={() => {
        const sheet = workbook.sheets[Number(at)];
        if (sheet) onChoose(sheet);
      }}>
        {t('imports.next')}
      </Button>
    </Sheet>
  );
}

export function Component() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const upload = useUpload();
  const [cells, setCells] = useState('');
  const [over, setOver] = useState(false);
  const [reading, setReading] = useState(false);
  const [notRead, setNotRead] = useState<'workbook' | 'empty' | null>(null);
  const [workbook, setWorkbook] = useState<Workbook | null>(null);
  const busy = reading || upload.isPending;
  const send = (content: Blob, name: string) => upload.mutate({ content, name }, {
    onSuccess: ({ id }) => void navigate(`/contacts/imports/${id}`),
  });
  const sendSheet = (name: string, sheet: WorkbookSheet) => send(new Blob([sheet.csv]), name);
  const take = async (file: File) => {
    upload.reset();
    setNotRead(null);
    setWorkbook(null);
    if (!/\.xlsx$/i.test(file.name)) return send(file, file.name);
    setReading(true);
    const sheets = await readWorkbook(file).catch(() => null);
    setReading(false);
    const [first, second] = sheets ?? [];
    if (!sheets) setNotRead('workbook');
    else if (!first) setNotRead('empty');
    else if (second) setWorkbook({ name: file.name, sheets });
    else sendSheet(file.name, first);
  };
  return (
    <>
      <PageHead title={t('imports.import')} over={<Link to="/contacts/imports">{t('imports.title')}</Link>} />
      <Stack gap="lg">
        {upload.error ? <TroubleNotice error={upload.error} /> : null}
        {notRead ? <p role="alert">{t(`imports.not_read.${notRead}`)}</p> : null}
        {workbook ? (
          <SheetChoice workbook={workbook} busy={busy} onChoose={(sheet) => sendSheet(workbook.name, sheet)} />
        ) : null}
        <div className={classes.ways}>
          <Sheet title={t('imports.a_file')}>
            <div
              className={classes.drop} data-over={over || undefined}
              onDragOver={(event) => {
                event.preventDefault();
                setOver(true);
              }}
              onDragLeave={() => setOver(false)}
              onDrop={(event) => {
                event.preventDefault();
                setOver(false);
                const [file] = event.dataTransfer.files;
                if (file && !busy) void take(file);
              }}
            >
              <IconFileSpreadsheet size={40} stroke={1.4} aria-hidden />
              <p className={classes.soft}>{t('imports.file_hint')}</p>
              <FileButton accept={kAccept} onChange={(file) => file && void take(file)}>
                {(props) => <Button {...props} loading={busy}>{t('imports.choose_file')}</Button>}
              </FileButton>
            </div>
          </Sheet>
          <Sheet title={t('imports.cells')}>
            <form onSubmit={(event) => {
              event.preventDefault();
              if (cells.trim() && !busy) send(new Blob([cells]), t('imports.pasted_name'));
            }}>
              <Textarea
                label={t('imports.paste')} description={t('imports.paste_hint')} value={cells} minRows={8} maxRows={16}
                autosize spellCheck={false} onChange={(event) => setCells(event.currentTarget.value)}
              />
              <Group mt="sm">
                <Button type="submit" variant="default" loading={busy} disabled={cells.trim() === ''}>
                  {t('imports.next')}
                </Button>
              </Group>
            </form>
          </Sheet>
        </div>
        <p className={classes.soft}>{t('imports.nothing_yet')}</p>
      </Stack>
    </>
  );
}
