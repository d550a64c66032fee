import { useTranslation } from 'react-i18next';
import type { ReactNode } from 'react';
import { AreaTabs, type AreaTab } from '../../ui/AreaTabs';
import { PageHead } from '../../ui/PageHead';
import { useMay } from '../session/session';
import { useProblemCounts } from './queries';

/** The head of the area: its views, with how much in each needs a person. */
export function ProblemsHead(props: { children?: ReactNode }) {
  const { t } = useTranslation();
  const counts = useProblemCounts(true).data;
  const maySuppressions = useMay('suppressions:read');
  const mayDomains = useMay('content:read');
  const tabs: AreaTab[] = [
    { to: '/problems', label: t('problems.addresses'), count: counts?.addresses ?? 0 },
    { to: '/problems/send-outs', label: t('problems.send_outs'), count: counts?.campaigns ?? 0 },
    ...(maySuppressions ? [{ to: '/problems/suppressions', label: t('problems.suppressions') }] : []),
    ...(mayDomains
      ? [{ to: '/problems/domains', label: t('problems.domains'), count: counts?.domains ?? 0 }] : []),
    { to: '/problems/queue', label: t('problems.queue') },
    { to: '/problems/returned', label: t('problems.returned') },
  ];
  return (
    <>
      <PageHead title={t('areas.problems')}>{props.children}</PageHead>
      <AreaTabs label={t('areas.problems')} tabs={tabs} />
    </>
  );
}
