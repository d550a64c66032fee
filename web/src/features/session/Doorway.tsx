import type { ReactNode } from 'react';
import { LanguageMenu } from '../../ui/LanguageMenu';
import { SchemeMenu } from '../../ui/SchemeMenu';
import classes from './Doorway.module.css';

/** The page around the ways in. */
export function Doorway(props: { title: string; sentence?: string; children: ReactNode }) {
  return (
    <div className={classes.page}>
      <main className={classes.sheet}>
        <p className={classes.name}>Tidings</p>
        <h1>{props.title}</h1>
        {props.sentence ? <p className={classes.sentence}>{props.sentence}</p> : null}
        {props.children}
      </main>
      <footer className={classes.foot}>
        <LanguageMenu />
        <SchemeMenu />
      </footer>
    </div>
  );
}
