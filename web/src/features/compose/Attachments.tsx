import { ActionIcon, Button, FileButton, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { IconPaperclip, IconTrash } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { uploadMedia } from '../../api/media';
import { octets } from '../../lib/number';
import { useLocale } from '../../lib/language/language';
import { DataTable } from '../../ui/DataTable';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import type { StepProps } from './Compose';
import classes from './Compose.module.css';
import type { DraftAttachment } from './draft_fields';

const kMost = 20;

/** As it leaves: base64 in lines of 76 with their ends. */
function encoded(size: number): number {
  const letters = Math.ceil(size / 3) * 4;
  return letters + Math.ceil(letters / 76) * 2;
}

async function upload(file: File): Promise<DraftAttachment> {
  const { id, file_name, media_type, size } = await uploadMedia(file);
  return { media_id: id, file_name, media_type, size };
}

export function Attachments({ kept, keeper }: StepProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  const { attachments } = kept.fields;
  const add = useMutation({
    mutationFn: async (files: readonly File[]) => {
      for (const file of files) {
        const one = await upload(file);
        keeper.edit({ attachments: [...keeper.current().fields.attachments, one] });
      }
    },
  });
  const put = (next: readonly DraftAttachment[]) => keeper.edit({ attachments: next });
  const together = attachments.reduce((sum, each) => sum + encoded(each.size ?? 0), 0);
  return (
    <Sheet title={t('log.attachments')}>
      {add.error ? <TroubleNotice error={add.error} /> : null}
      {kept.refused.attachments ? <p role="alert" className={classes.stop}>{kept.refused.attachments}</p> : null}
      {attachments.length > 0 ? (
        <DataTable<DraftAttachment>
          label={t('log.attachments')} rows={attachments} keyOf={(row) => row.media_id}
          columns={[
            { key: 'name', title: t('attachment.name'), phone: 'title', cell: (row) => row.file_name ?? '' },
            { key: 'description', title: t('attachment.description'), phone: 'line', cell: (row) => (
              <TextInput
                size="xs" aria-label={t('compose.describe', { what: row.file_name ?? '' })} maxLength={500}
                value={row.description ?? ''}
                onChange={(event) => {
                  const description = event.currentTarget.value;
                  put(attachments.map((each) => (each === row ? { ...each, description } : each)));
                }}
              />
            ) },
            { key: 'type', title: t('attachment.type'), width: '10rem', wide: true, cell: (row) => row.media_type ?? '' },
            { key: 'size', title: t('message.size'), align: 'right', width: '6rem', phone: 'corner',
              cell: (row) => octets(row.size ?? 0, locale) },
            { key: 'remove', title: '', width: '3rem', align: 'right', phone: 'mark', cell: (row) => (
              <ActionIcon
                variant="subtle" color="gray" c="var(--ink-soft)"
                aria-label={t('compose.take_out', { what: row.file_name ?? '' })}
                onClick={() => put(attachments.filter((each) => each !== row))}
              >
                <IconTrash size={18} aria-hidden />
              </ActionIcon>
            ) },
          ]}
        />
      ) : <p className={classes.soft}>{t('compose.no_attachments')}</p>}
      <div className={classes.attach}>
        <FileButton multiple onChange={(files) => add.mutate(files)}>
          {(props) => (
            <Button
              {...props} variant="default" size="compact-md" loading={add.isPending} disabled={attachments.length >= kMost}
              leftSection={<IconPaperclip size={16} aria-hidden />}
            >
              {t('compose.attach')}
            </Button>
          )}
        </FileButton>
        {attachments.length > 0 ? <span className={classes.soft}>{t('compose.together', { size: octets(together, locale) })}</span> : null}
      </div>
    </Sheet>
  );
}
