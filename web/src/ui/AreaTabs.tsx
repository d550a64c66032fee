import { NavLink } from 'react-router';
import classes from './AreaTabs.module.css';

export interface AreaTab {
  to: string;
  label: string;
  /** How many there need a person; none is not shown. */
  count?: number;
}

/** The views of an area, each with an address of its own. */
export function AreaTabs(props: { label: string; tabs: readonly AreaTab[] }) {
  return (
    <nav className={classes.tabs} aria-label={props.label}>
      {props.tabs.map(({ to, label, count }) => (
        <NavLink key={to} to={to} end>
          {label}{count ? <span className={classes.count}>{count}</span> : null}
        </NavLink>
      ))}
    </nav>
  );
}
