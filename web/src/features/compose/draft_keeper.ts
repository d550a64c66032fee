// Keeps a draft: what is typed is held at once in this browser, and by the server a moment later.
// What another window changed meanwhile is put together member by member; where both changed the
// same, a person decides. Nothing typed is dropped by itself.
import { api, taggedAnswer, type Tagged } from '../../api/client';
import { isTrouble, type Trouble } from '../../api/trouble';
import {
  clashes, fieldAt, fieldsOf, isSame, openIn, patchOf,
  type Campaign, type Change, type DraftFields, type FieldName,
} from './draft_fields';

const kQuiet = 700; // ms without typing, then it is saved
const kAgain = 5000; // ms until the next try

export type Saving =
  | { kind: 'saved'; at: string }
  | { kind: 'unsaved' }
  | { kind: 'saving' }
  | { kind: 'offline' }
  | { kind: 'failed'; error: Trouble }
  | { kind: 'clash'; theirs: Tagged<Campaign>; names: readonly FieldName[] };

export interface Kept {
  campaign: Campaign; // as the server has it
  fields: DraftFields; // as it is on the screen
  saving: Saving;
  refused: Partial<Record<FieldName, string>>; // by the server, with its reason
}

interface Remembered {
  base: Change;
  mine: Change;
}

export function storedName(id: string): string {
  return `tidings.draft.${id}`;
}

export class DraftKeeper {
  private kept: Kept;
  private etag: string;
  private mine: Change = {}; // what the server has not got
  private readonly refusedValues: Change = {};
  private readonly told = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: Promise<void> | null = null;
  private readonly store: Storage | null;

  constructor(loaded: Tagged<Campaign>, store: Storage | null) {
    this.store = store;
    this.etag = loaded.tag;
    this.kept = {
      campaign: loaded.value, fields: fieldsOf(loaded.value), refused: {},
      saving: { kind: 'saved', at: loaded.value.changed_at },
    };
    this.recall(loaded);
  }

  readonly subscribe = (tell: () => void) => {
    this.told.add(tell);
    return () => void this.told.delete(tell);
  };
  readonly current = () => this.kept;

  readonly edit = (change: Change): void => {
    this.mine = { ...this.mine, ...change };
    const refused = { ...this.kept.refused };
    for (const name of Object.keys(change) as FieldName[]) {
      delete refused[name];
      delete this.refusedValues[name];
    }
    const saving: Saving = this.kept.saving.kind === 'clash' ? this.kept.saving : { kind: 'unsaved' };
    this.tell({ fields: { ...this.kept.fields, ...change }, refused, saving });
    this.remember();
    this.soon(kQuiet);
  };

  /** Whether everything that can be saved is. */
  readonly flush = async (): Promise<boolean> => {
    clearTimeout(this.timer);
    if (this.running) await this.running;
    if (Object.keys(this.unsent()).length > 0) await this.save();
    return this.kept.saving.kind === 'saved' && Object.keys(this.kept.refused).length === 0;
  };

  /** What the server has now, where nothing of ours waits. */
  readonly refresh = async (): Promise<void> => {
    if (this.running || Object.keys(this.mine).length > 0) return;
    try {
      const theirs = await this.load();
      if (Object.keys(this.mine).length === 0 && theirs.tag !== this.etag) this.take(theirs);
    } catch { /* told when something is to be saved */ }
  };

  /** A person's decision where both changed the same. */
  readonly settle = (keep: 'mine' | 'theirs'): void => {
    const { saving } = this.kept;
    if (saving.kind !== 'clash') return;
    if (keep === 'theirs') {
      this.mine = Object.fromEntries(Object.entries(this.mine)
        .filter(([name]) => !saving.names.includes(name as FieldName)));
    }
    this.take(saving.theirs);
    this.soon(0);
  };

  /** After a step of its life, or another beginning: what the server says is what there is. */
  readonly replace = (next: Tagged<Campaign>): void => {
    this.mine = {};
    this.take(next);
  };

  private unsent(): Change {
    return Object.fromEntries(Object.entries(this.mine)
      .filter(([name, value]) => !(name in this.refusedValues && isSame(this.refusedValues[name as FieldName], value))));
  }

  private load(): Promise<Tagged<Campaign>> {
    return taggedAnswer(api.GET('/campaigns/{id}', {
      params: { path: { id: this.kept.campaign.id } }, cache: 'no-store',
    }));
  }

  private take(next: Tagged<Campaign>): void {
    this.etag = next.tag;
    const theirs = fieldsOf(next.value);
    this.mine = openIn(this.mine, theirs);
    const isOpen = Object.keys(this.unsent()).length > 0;
    this.tell({
      campaign: next.value, fields: { ...theirs, ...this.mine },
      saving: isOpen ? { kind: 'unsaved' } : { kind: 'saved', at: next.value.changed_at },
    });
    this.remember();
  }

  private soon(after: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), after);
  }

  private save(): Promise<void> {
    if (this.kept.saving.kind === 'clash') return Promise.resolve();
    const sent = this.unsent();
    this.tell({ saving: { kind: 'saving' } });
    this.running = this.send(sent).finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async send(sent: Change): Promise<void> {
    try {
      const next = await taggedAnswer(api.PATCH('/campaigns/{id}', {
        params: { path: { id: this.kept.campaign.id }, header: { 'If-Match': this.etag } },
        body: patchOf(sent),
      }));
      // The server may put it another way; what was typed meanwhile is still ours.
      this.mine = Object.fromEntries(Object.entries(this.mine)
        .filter(([name, value]) => value !== sent[name as FieldName]));
      this.take(next);
      if (Object.keys(this.unsent()).length > 0) this.soon(kQuiet);
    } catch (error) {
      if (!isTrouble(error)) throw error;
      await this.recover(error, sent);
    }
  }

  private async recover(error: Trouble, sent: Change): Promise<void> {
    if (error.status === 412) {
      await this.reconcile();
    } else if (error.passes) {
      this.tell({ saving: { kind: 'offline' } });
      this.soon(kAgain);
    } else {
      this.refuse(error, sent);
    }
  }

  private async reconcile(): Promise<void> {
    try {
      const theirs = await this.load();
      const names = clashes(fieldsOf(this.kept.campaign), this.mine, fieldsOf(theirs.value));
      if (names.length > 0) {
        this.tell({ saving: { kind: 'clash', theirs, names } });
      } else {
        this.take(theirs);
        this.soon(0);
      }
    } catch (error) {
      if (!isTrouble(error)) throw error;
      await this.recover(error, {});
    }
  }

  /** One field that cannot be used does not keep the others from being saved. */
  private refuse(error: Trouble, sent: Change): void {
    const refused = { ...this.kept.refused };
    let some = false;
    for (const { field, message } of error.fields) {
      const name = fieldAt(field);
      if (!name || !(name in sent) || refused[name]) continue;
      refused[name] = message;
      Object.assign(this.refusedValues, { [name]: sent[name] });
      some = true;
    }
    if (!some) {
      this.tell({ saving: { kind: 'failed', error } });
      return;
    }
    const isOpen = Object.keys(this.unsent()).length > 0;
    this.tell({
      refused, saving: isOpen ? { kind: 'unsaved' } : { kind: 'saved', at: this.kept.campaign.changed_at },
    });
    if (isOpen) this.soon(0);
  }

  private remember(): void {
    const name = storedName(this.kept.campaign.id);
    try {
      if (Object.keys(this.mine).length === 0) {
        this.store?.removeItem(name);
        return;
      }
      const before = fieldsOf(this.kept.campaign);
      const base = Object.fromEntries(Object.keys(this.mine).map((key) => [key, before[key as FieldName]]));
      this.store?.setItem(name, JSON.stringify({ base, mine: this.mine } satisfies Remembered));
    } catch { /* there is no room: the server has it in a moment */ }
  }

  /** What an earlier visit typed and could not save. */
  private recall(loaded: Tagged<Campaign>): void {
    const name = storedName(loaded.value.id);
    try {
      const text = this.store?.getItem(name);
      if (!text) return;
      const { base, mine } = JSON.parse(text) as Remembered;
      const open = openIn(mine, this.kept.fields);
      if (Object.keys(open).length === 0) return;
      const names = clashes(base, open, this.kept.fields);
      this.mine = open;
      this.kept = {
        ...this.kept, fields: { ...this.kept.fields, ...open },
        saving: names.length > 0 ? { kind: 'clash', theirs: loaded, names } : { kind: 'unsaved' },
      };
      if (names.length === 0) this.soon(0);
    } catch {
      this.store?.removeItem(name);
    }
  }

  private tell(change: Partial<Kept>): void {
    this.kept = { ...this.kept, ...change };
    for (const each of this.told) each();
  }
}
