import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { AreaTabs } from '../../ui/AreaTabs';
import { PageHead } from '../../ui/PageHead';
import { useSession, type Permission } from '../session/session';

const kViews = [
  { to: '/settings', key: 'organisation', needs: null },
  { to: '/settings/senders', key: 'senders', needs: 'content:read' },
  { to: '/settings/mail-servers', key: 'mail_servers', needs: 'content:read' },
  { to: '/settings/domains', key: 'domains', needs: 'content:read' },
  { to: '/settings/returned-mail', key: 'returned_mail', needs: 'organisation:write' },
  { to: '/settings/topics', key: 'topics', needs: 'content:read' },
  { to: '/settings/automations', key: 'automations', needs: 'content:read' },
  { to: '/settings/users', key: 'users', needs: 'users:write' },
  { to: '/settings/tokens', key: 'tokens', needs: 'users:write' },
  { to: '/settings/alerts', key: 'alerts', needs: 'record:read' },
  { to: '/settings/audit-log', key: 'audit_log', needs: 'audit:read' },
] as const satisfies readonly { to: string; key: string; needs: Permission | null }[];

/** The head of the area: the views that the person may open. */
export function SettingsHead(props: { children?: ReactNode }) {
  const { t } = useTranslation();
  const { permissions } = useSession();
  return (
    <>
      <PageHead title={t('areas.settings')}>{props.children}</PageHead>
      <AreaTabs
        label={t('areas.settings')}
        tabs={kViews.filter(({ needs }) => needs === null || permissions.includes(needs))
          .map(({ to, key }) => ({ to, label: t(`settings.views.${key}`) }))}
      />
    </>
  );
}
