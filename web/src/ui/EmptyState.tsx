import type { ReactNode } from 'react';
import classes from './EmptyState.module.css';

/** Where there is nothing to show: what that means, and what to do about it. */
export function EmptyState(props: { title: string; sentence?: ReactNode; children?: ReactNode }) {
  return (
    <div className={classes.empty}>
      <h2>{props.title}</h2>
      {props.sentence ? <p>{props.sentence}</p> : null}
      {props.children}
    </div>
  );
}
