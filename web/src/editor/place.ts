import type { Editor } from 'tinymce';
import { kBlocks, type Command, type Image, type Place } from '../features/visual/protocol';

const kToggles: readonly Command[] = [
  'Bold', 'Italic', 'Underline', 'InsertUnorderedList', 'InsertOrderedList', 'JustifyLeft', 'JustifyCenter', 'JustifyRight',
];

function imageAt(editor: Editor): Image | null {
  const node = editor.selection.getNode();
  if (node.nodeName !== 'IMG') return null;
  const of = (name: string) => node.getAttribute(name) ?? '';
  return { src: of('data-t-src') || of('src'), alt: of('alt'), width: of('width') };
}

/** Where the cursor stands, for the buttons. */
export function placeOf(editor: Editor): Place {
  const node = editor.selection.getNode();
  const parent = (selector: string) => editor.dom.getParent(node, selector, editor.getBody());
  return {
    block: kBlocks.find((block) => parent(block)) ?? '',
    on: kToggles.filter((command) => editor.queryCommandState(command)),
    hasUndo: editor.undoManager.hasUndo(),
    hasRedo: editor.undoManager.hasRedo(),
    inTable: parent('td,th') !== null,
    link: parent('a[href]')?.getAttribute('href') ?? null,
    image: imageAt(editor),
  };
}
