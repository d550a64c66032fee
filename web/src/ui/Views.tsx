import { NavLink } from 'react-router';
import classes from './Views.module.css';

/** The views of an area, each with its own address. */
export function Views(props: { label: string; views: readonly (readonly [string, string])[] }) {
  return (
    <nav className={classes.views} aria-label={props.label}>
      {props.views.map(([to, words]) => <NavLink key={to} to={to} end>{words}</NavLink>)}
    </nav>
  );
}
