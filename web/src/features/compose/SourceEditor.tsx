// The source of a message, as it stands: what nobody typed stays octet for octet, line ends included.
import { defaultKeymap, history, historyKeymap, indentLess, indentMore } from '@codemirror/commands';
import { html } from '@codemirror/lang-html';
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { Annotation, EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { getNonce } from 'get-nonce';
import { useEffect, useRef, type RefObject } from 'react';
import classes from './Compose.module.css';
import type { Insert } from './insertion';
import { lineEndOf } from './line_end';

interface Props {
  label: string;
  value: string;
  language: 'html' | 'text';
  line: number | null; // to go to at first; 0: the beginning
  target: RefObject<Insert | null>;
  onChange: (value: string) => void;
}

const kFromOutside = Annotation.define<true>();

const look = EditorView.theme({
  '&': { backgroundColor: 'var(--sheet)', color: 'var(--ink)', fontSize: '14px' },
  '&.cm-focused': { outline: '2px solid var(--accent)' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', minHeight: '360px', maxHeight: '70vh' },
  '.cm-gutters': { backgroundColor: 'var(--sheet-soft)', color: 'var(--ink-soft)', border: 'none' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--accent-soft) 45%, transparent)' },
  '.cm-activeLineGutter': { backgroundColor: 'var(--accent-soft)', color: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--tone-busy-soft)',
  },
  '.cm-panels': { backgroundColor: 'var(--sheet-soft)', color: 'var(--ink)' },
});

const colours = syntaxHighlighting(HighlightStyle.define([
  { tag: [tags.tagName, tags.angleBracket], color: 'var(--tone-busy)' },
  { tag: tags.attributeName, color: 'var(--tone-warn)' },
  { tag: [tags.attributeValue, tags.string], color: 'var(--tone-good)' },
  { tag: tags.comment, color: 'var(--ink-faint)', fontStyle: 'italic' },
  { tag: [tags.character, tags.keyword], color: 'var(--tone-bad)' },
]));

function extensions(props: Props, tell: (value: string) => void) {
  return [
    EditorState.lineSeparator.of(lineEndOf(props.value)),
    EditorView.cspNonce.of(getNonce() ?? ''),
    EditorView.contentAttributes.of({ tabindex: '0', 'aria-label': props.label, spellcheck: 'true' }),
    EditorView.lineWrapping,
    lineNumbers(), history(), drawSelection(), bracketMatching(), highlightActiveLine(), highlightSelectionMatches(),
    // Tab goes on to the next field, as everywhere; Ctrl-] and Ctrl-[ indent.
    keymap.of([
      ...defaultKeymap, ...historyKeymap, ...searchKeymap,
      { key: 'Mod-]', run: indentMore }, { key: 'Mod-[', run: indentLess },
    ]),
    ...(props.language === 'html' ? [html({ autoCloseTags: false })] : []),
    look, colours,
    EditorView.updateListener.of((update) => {
      if (!update.docChanged || update.transactions.some((each) => each.annotation(kFromOutside))) return;
      tell(update.state.sliceDoc());
    }),
  ];
}

function goTo(view: EditorView, line: number): void {
  const { from } = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
  view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'center' }) });
  view.focus();
}

export default function SourceEditor(props: Props) {
  const { value, line, target } = props;
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<EditorView | null>(null);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    if (!place.current) return undefined;
    const view = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: extensions(latest.current, (text) => latest.current.onChange(text)),
      }),
    });
    editor.current = view;
    const insert: Insert = (text) => {
      view.dispatch(view.state.replaceSelection(text));
      view.focus();
    };
    target.current ??= insert;
    const focused = () => {
      target.current = insert;
    };
    view.contentDOM.addEventListener('focus', focused);
    return () => {
      if (target.current === insert) target.current = null;
      editor.current = null;
      view.destroy();
    };
  }, [target]);
  useEffect(() => {
    if (line !== null && editor.current) goTo(editor.current, line);
  }, [line]);
  // Taken from another window.
  useEffect(() => {
    const view = editor.current;
    if (!view || view.state.sliceDoc() === value) return;
    view.dispatch({
      changes: { from: 0, to: view.state.doc.length, insert: view.state.toText(value) },
      annotations: kFromOutside.of(true),
    });
  }, [value]);
  return <div ref={place} className={classes.editor} />;
}
