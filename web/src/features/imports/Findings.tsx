import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { DataTable } from '../../ui/DataTable';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useFindings, type Import } from './queries';

/** What could not be imported, and why. */
export function Findings({ run }: { run: Import }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useFindings(run.id, true);
  if (error) return <TroubleNotice error={error} onRetry={() => void refetch()} />;
  if (!data || data.length === 0) return null;
  return (
    <Sheet title={t('imports.findings')} beside={(
      <Button
        component="a" href={`/api/v1/imports/${run.id}/report`} download variant="default" size="compact-md"
        leftSection={<IconDownload size={16} aria-hidden />}
      >
        {t('imports.report')}
      </Button>
    )}>
      <DataTable
        label={t('imports.findings')} rows={data} keyOf={(row) => String(row.at)}
        columns={[
          { key: 'line', title: t('imports.line'), align: 'right', phone: 'corner', width: '5rem', cell: (row) => row.line },
          { key: 'field', title: t('imports.column'), width: '9rem', cell: (row) => row.field },
          { key: 'value', title: t('segments.value'), phone: 'title', width: '16rem', cell: (row) => row.value },
          { key: 'result', title: t('imports.result'), width: '10rem', cell: (row) => row.result },
          { key: 'reason', title: t('log.reason'), phone: 'line', cell: (row) => <span title={row.reason}>{row.reason}</span> },
        ]}
      />
    </Sheet>
  );
}
