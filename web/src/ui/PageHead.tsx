import { useEffect, type ReactNode } from 'react';
import classes from './PageHead.module.css';

/** The title of a view, also in the browser's tab, with what belongs beside it. */
export function PageHead(props: { title: string; over?: ReactNode; under?: ReactNode; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${props.title} · Tidings`;
  }, [props.title]);
  return (
    <header className={classes.head}>
      <div className={classes.words}>
        {props.over ? <div className={classes.over}>{props.over}</div> : null}
        <h1>{props.title}</h1>
        {props.under ? <div className={classes.under}>{props.under}</div> : null}
      </div>
      {props.children ? <div className={classes.beside}>{props.children}</div> : null}
    </header>
  );
}
