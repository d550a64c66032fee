import { IconPaperclip } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Schema } from '../../api/client';
import { octets } from '../../lib/number';
import { useLocale } from '../../lib/language/language';
import { DataTable } from '../../ui/DataTable';

type Attachment = Schema<'DraftAttachment'>;

/** The files that went with it; there is such a tab only when there are any (P8). */
export function Attachments({ attachments }: { attachments: readonly Attachment[] }) {
  const { t } = useTranslation();
  const locale = useLocale();
  return (
    <DataTable
      label={t('log.attachments')} rows={attachments} keyOf={(row) => row.media_id}
      columns={[
        { key: 'name', title: t('attachment.name'), phone: 'title',
          cell: (row) => <><IconPaperclip size={16} aria-hidden /> {row.file_name || row.media_id}</> },
        { key: 'description', title: t('attachment.description'), phone: 'line',
          cell: (row) => row.description ?? '' },
        { key: 'type', title: t('attachment.type'), cell: (row) => row.media_type ?? '' },
        { key: 'size', title: t('message.size'), align: 'right', phone: 'corner',
          cell: (row) => (row.size === undefined ? '' : octets(row.size, locale)) },
      ]}
    />
  );
}
