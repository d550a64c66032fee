import { EditorState } from '@codemirror/state';
import { expect, it } from 'vitest';
import { lineEndOf } from './line_end';

it.each([
  '', '\n', '\r\n', 'a\r\nb\r\n', 'a\nb', 'a\r\nb\nc\r', '\na\r\n', 'a\rb', '\r\r\n', '\r\n\n', '<!--[if mso]>\r\n<v:rect>\r\n',
])('an editor gives back %j as it got it', (text) => {
  const state = EditorState.create({ doc: text, extensions: EditorState.lineSeparator.of(lineEndOf(text)) });
  expect(state.sliceDoc()).toBe(text);
});
