import { Mailboxes } from './Mailboxes';
import { Services } from './Services';
import { SettingsHead } from './SettingsHead';
import classes from './Settings.module.css';

/** By which ways what comes back is learned. */
export function Component() {
  return (
    <>
      <SettingsHead />
      <div className={classes.stack}>
        <Mailboxes />
        <Services />
      </div>
    </>
  );
}
