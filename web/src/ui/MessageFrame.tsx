import classes from './MessageFrame.module.css';

/**
 * A message as its reader sees it, always on white. The frame has no scripts, no forms, and no
 * origin of ours (sandbox); the answer behind `src` brings a policy of its own besides.
 */
export function MessageFrame(props: { title: string; src: string }) {
  return <iframe className={classes.frame} title={props.title} src={props.src} sandbox="" />;
}
