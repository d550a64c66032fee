import { IconAlertTriangle, IconFileText, IconHome, IconMail, IconSearch, IconSettings, IconUsers, type Icon } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { NavLink, Outlet, ScrollRestoration, useLocation, useNavigate, useSearchParams } from 'react-router';
import { WriteButton } from '../features/compose/WriteButton';
import { PersonMenu } from '../features/session/PersonMenu';
import { useProblemCounts } from '../features/problems/queries';
import { useSession, type Permission } from '../features/session/session';
import classes from './Shell.module.css';

interface Area {
  to: string;
  key: 'overview' | 'communications' | 'contacts' | 'templates' | 'problems' | 'settings';
  icon: Icon;
  /** One of these. */
  needs: readonly Permission[];
}

// Only what works is here, and only what the person may see.
const kAreas: readonly Area[] = [
  { to: '/overview', key: 'overview', icon: IconHome, needs: ['record:read'] },
  { to: '/communications', key: 'communications', icon: IconMail, needs: ['record:read'] },
  { to: '/contacts', key: 'contacts', icon: IconUsers, needs: ['contacts:read'] },
  { to: '/templates', key: 'templates', icon: IconFileText, needs: ['content:read'] },
  { to: '/problems', key: 'problems', icon: IconAlertTriangle, needs: ['record:read'] },
  { to: '/settings', key: 'settings', icon: IconSettings, needs: ['organisation:write', 'users:write', 'content:write'] },
];

function ArrivedBox() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const [params] = useSearchParams();
  const box = useRef<HTMLInputElement>(null);
  const asked = pathname === '/arrived' ? params.get('q') ?? '' : '';
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const inField = event.target instanceof HTMLElement
        && event.target.closest('input,textarea,select,[contenteditable="true"]');
      if (event.key !== '/' || inField || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      box.current?.focus();
    };
    window.addEventListener('keydown', focus);
    return () => window.removeEventListener('keydown', focus);
  }, []);
  return (
    <form
      role="search" className={classes.arrived} aria-label={t('arrived.title')}
      onSubmit={(event) => {
        event.preventDefault();
        const q = box.current?.value.trim() ?? '';
        if (q) void navigate(`/arrived?q=${encodeURIComponent(q)}`);
      }}
    >
      <IconSearch size={16} aria-hidden />
      <input
        ref={box} key={asked} type="search" name="q" defaultValue={asked} maxLength={300}
        aria-label={t('arrived.label')} placeholder={t('arrived.placeholder')}
      />
    </form>
  );
}

/** What stands around every screen of the signed-in. */
export function Shell() {
  const { t } = useTranslation();
  const session = useSession();
  const may = (permission: Permission) => session.permissions.includes(permission);
  const counts = useProblemCounts(may('record:read')).data;
  const troubles = counts ? counts.addresses + counts.campaigns + counts.domains + counts.mailboxes : 0;
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#content">{t('skip')}</a>
      <header className={classes.head}>
        <span className={classes.name} aria-hidden>Tidings</span>
        {may('record:read') ? <ArrivedBox /> : <span />}
        <PersonMenu />
      </header>
      <nav className={classes.nav} aria-label={t('areas.label')}>
        <WriteButton />
        {kAreas.filter((area) => area.needs.some(may)).map((area) => (
          <NavLink key={area.to} to={area.to} className={classes.area ?? ''}>
            <area.icon size={20} stroke={1.8} aria-hidden />
            <span>{t(`areas.${area.key}`)}</span>
            {area.key === 'problems' && troubles > 0 ? (
              <span className={classes.troubles}>
                {troubles > 999 ? '999+' : troubles}<span className={classes.unseen}> {t('problems.need_a_person')}</span>
              </span>
            ) : null}
          </NavLink>
        ))}
      </nav>
      <main id="content" tabIndex={-1} className={classes.content}>
        <Outlet />
      </main>
      <ScrollRestoration />
    </div>
  );
}
