import type { ReactNode } from 'react';
import classes from './Sheet.module.css';

/** A sheet of paper on the desk: what belongs together, with a heading where it has one. */
export function Sheet(props: { title?: string; beside?: ReactNode; flush?: boolean; children: ReactNode }) {
  return (
    <section className={classes.sheet}>
      {props.title ? (
        <div className={classes.head}>
          <h2>{props.title}</h2>
          {props.beside}
        </div>
      ) : null}
      <div className={props.flush ? classes.flush : classes.body}>{props.children}</div>
    </section>
  );
}
