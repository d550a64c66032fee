// What the application and the page of the visual editor (src/editor) say to each other, over a
// port that the application hands to that page alone.
import type { View } from './view';

export const kHello = 'tidings.editor';

/** What can be done to the text; the words of TinyMCE. */
export type Command =
  | 'Bold' | 'Italic' | 'Underline' | 'InsertUnorderedList' | 'InsertOrderedList' | 'JustifyLeft' | 'JustifyCenter'
  | 'JustifyRight' | 'RemoveFormat' | 'Undo' | 'Redo' | 'Unlink' | 'mceTableInsertRowAfter' | 'mceTableInsertRowBefore'
  | 'mceTableDeleteRow' | 'mceTableInsertColAfter' | 'mceTableInsertColBefore' | 'mceTableDeleteCol' | 'mceTableDelete';

export const kBlocks = ['p', 'h1', 'h2', 'h3', 'h4', 'blockquote', 'pre'] as const;
export type Block = (typeof kBlocks)[number];

/** A picture, or a link: what is marked is one when `at` is set. */
export interface Image {
  src: string;
  alt: string;
  width: string;
}

/** Where the cursor stands. */
export interface Place {
  block: Block | '';
  on: readonly Command[];
  hasUndo: boolean;
  hasRedo: boolean;
  inTable: boolean;
  link: string | null;
  image: Image | null;
}

export type ToEditor =
  | { kind: 'open'; view: View; label: string; language: string }
  | { kind: 'command'; command: Command }
  | { kind: 'block'; block: Block }
  | { kind: 'insert'; html: string }
  | { kind: 'link'; href: string; text: string }
  | { kind: 'image'; image: Image }
  | { kind: 'table'; rows: number; columns: number }
  | { kind: 'focus' }
  | { kind: 'flush' };

export type FromEditor =
  | { kind: 'opened'; html: string }
  | { kind: 'changed'; html: string }
  | { kind: 'place'; place: Place }
  | { kind: 'flushed' }
  | { kind: 'focused' }
  | { kind: 'leave' } // to the buttons
  | { kind: 'ask'; what: 'link' }
  | { kind: 'pictures'; files: readonly File[] }; // pasted or dropped
