import { Menu } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconAlertTriangle, IconDots, IconFileText, IconHome, IconMail, IconSearch, IconSettings, IconUsers, type Icon } from '@tabler/icons-react';
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

// On a phone so many have their place in the bar; the others are behind the last.
const kInBar = 3;

function TroubleCount({ troubles }: { troubles: number }) {
  const { t } = useTranslation();
  if (troubles === 0) return null;
  return (
    <span className={classes.troubles}>
      {troubles > 999 ? '999+' : troubles}<span className={classes.unseen}> {t('problems.need_a_person')}</span>
    </span>
  );
}

function MoreAreas({ areas, troubles }: { areas: readonly Area[]; troubles: number }) {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  const isHere = areas.some(({ to }) => pathname.startsWith(to));
  return (
    <Menu position="top-end" shadow="md">
      <Menu.Target>
        <button type="button" className={classes.area} aria-current={isHere ? 'page' : undefined}>
          <IconDots size={20} stroke={1.8} aria-hidden />
          <span>{t('areas.more')}</span>
          <TroubleCount troubles={areas.some(({ key }) => key === 'problems') ? troubles : 0} />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {areas.map((area) => (
          <Menu.Item key={area.to} component={NavLink} to={area.to} leftSection={<area.icon size={20} aria-hidden />}>
            {t(`areas.${area.key}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** What stands around every screen of the signed-in. */
export function Shell() {
  const { t } = useTranslation();
  const session = useSession();
  const may = (permission: Permission) => session.permissions.includes(permission);
  const counts = useProblemCounts(may('record:read')).data;
  const isPhone = useMediaQuery('(max-width: 900px)');
  const areas = kAreas.filter((area) => area.needs.some(may));
  const shown = isPhone && areas.length > kInBar + 1 ? kInBar : areas.length;
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
        {areas.slice(0, shown).map((area) => (
          <NavLink key={area.to} to={area.to} className={classes.area ?? ''}>
            <area.icon size={20} stroke={1.8} aria-hidden />
            <span>{t(`areas.${area.key}`)}</span>
            {area.key === 'problems' ? <TroubleCount troubles={troubles} /> : null}
          </NavLink>
        ))}
        {shown < areas.length ? <MoreAreas areas={areas.slice(shown)} troubles={troubles} /> : null}
      </nav>
      <main id="content" tabIndex={-1} className={classes.content}>
        <Outlet />
      </main>
      <ScrollRestoration />
    </div>
  );
}
