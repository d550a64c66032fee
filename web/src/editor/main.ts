// The page of the visual editor: TinyMCE over a message, in a frame without an origin of its own
// (docs/decisions/0028). It knows no session and asks nobody for anything: what to show comes over
// a port, and what was written goes back over it.
import tinymce, { type Editor } from 'tinymce';
import 'tinymce/models/dom';
import 'tinymce/plugins/lists';
import './editor.css';
import { kHello, type FromEditor, type ToEditor } from '../features/visual/protocol';
import type { View } from '../features/visual/view';
import { placeOf } from './place';
import { tidied } from './tidy_paste';

const kQuiet = 150; // ms without typing, then it is told

// The buttons are the application's: their pictures are not asked for.
tinymce.IconManager.add('default', { icons: {} });

const message = document.getElementById('tidings-message') as HTMLElement;

/** What the editor added to hold what there is, by a name of its own. */
function markOwn(): void {
  [...message.querySelectorAll('*:not([data-t])')].forEach((element, i) => element.setAttribute('data-t', `u${i + 1}`));
}

function dress({ styles, body }: View): void {
  const style = document.createElement('style');
  style.textContent = styles;
  document.head.append(style);
  for (const { name, value } of body) document.body.setAttribute(name, value);
}

/** Answers what tells at once what has not been told yet. */
function listen(editor: Editor, tell: (what: FromEditor) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let told = editor.getContent();
  const changed = () => {
    clearTimeout(timer);
    const html = editor.getContent();
    if (html !== told) tell({ kind: 'changed', html });
    told = html;
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(changed, kQuiet);
  };
  editor.on('input change undo redo ExecCommand ObjectResized keyup', soon);
  message.addEventListener('blur', changed);
  editor.on('NodeChange input', () => tell({ kind: 'place', place: placeOf(editor) }));
  editor.on('focus', () => tell({ kind: 'focused' }));
  editor.on('paste drop', (event) => {
    const files = [...((event as ClipboardEvent).clipboardData ?? (event as DragEvent).dataTransfer)?.files ?? []]
      .filter((each) => each.type.startsWith('image/'));
    if (files.length === 0) return;
    event.preventDefault();
    tell({ kind: 'pictures', files });
  });
  editor.shortcuts.remove('meta+k');
  editor.addShortcut('meta+k', '', () => tell({ kind: 'ask', what: 'link' }));
  editor.addShortcut('alt+121', '', () => tell({ kind: 'leave' })); // Alt+F10
  return changed;
}

function obey(editor: Editor, what: Exclude<ToEditor, { kind: 'open' | 'flush' }>): void {
  editor.focus();
  switch (what.kind) {
    case 'command':
      editor.execCommand(what.command);
      break;
    case 'block':
      editor.execCommand('FormatBlock', false, what.block);
      break;
    case 'insert':
      editor.insertContent(what.html);
      break;
    case 'link':
      if (editor.selection.isCollapsed() && !editor.dom.getParent(editor.selection.getNode(), 'a[href]')) {
        editor.insertContent(editor.dom.createHTML('a', { href: what.href }, editor.dom.encode(what.text || what.href)));
      } else editor.execCommand('mceInsertLink', false, { href: what.href });
      break;
    case 'image': {
      const { src, alt, width } = what.image;
      const chosen = editor.selection.getNode();
      if (chosen.nodeName === 'IMG') editor.dom.setAttribs(chosen, { src, alt, width: width || null, 'data-t-src': null });
      else editor.insertContent(editor.dom.createHTML('img', { src, alt, ...(width ? { width } : {}) }));
      break;
    }
    case 'table':
      editor.execCommand('mceInsertTable', false, { rows: what.rows, columns: what.columns });
      break;
    case 'focus':
      break;
  }
  if (what.kind !== 'focus') editor.undoManager.add();
}

async function open(port: MessagePort, { view, label, language }: ToEditor & { kind: 'open' }): Promise<void> {
  const tell = (what: FromEditor) => port.postMessage(what);
  document.documentElement.lang = language;
  dress(view);
  message.setAttribute('aria-label', label);
  const [editor] = await tinymce.init({
    target: message, inline: true, license_key: 'gpl',
    theme: false, skin: false, content_css: false, menubar: false, toolbar: false, statusbar: false, promotion: false, branding: false,
    plugins: 'lists', lists_indent_on_tab: false, table_tab_navigation: false,
    // As it stands: nothing is put right by itself.
    verify_html: false, convert_urls: false, convert_fonts_to_spans: false, fix_list_elements: false, entity_encoding: 'raw',
    indent: false, remove_trailing_brs: false, keep_styles: true, allow_unsafe_link_target: true, sandbox_iframes: false,
    convert_unsafe_embeds: false, xss_sanitization: false, element_format: 'html',
    table_default_attributes: { border: '1', cellpadding: '6', cellspacing: '0' },
    table_default_styles: { 'border-collapse': 'collapse', width: '100%' }, table_use_colgroups: false, table_sizing_mode: 'responsive', table_header_type: 'cells',
    object_resizing: 'img', paste_data_images: false, smart_paste: false,
    formats: { underline: { inline: 'u', exact: true } },
    paste_preprocess: (_: Editor, args: { content: string; internal: boolean }) => {
      if (!args.internal) args.content = tidied(args.content);
    },
  });
  if (!editor) return;
  message.setAttribute('aria-label', label);
  message.setAttribute('role', 'textbox');
  message.setAttribute('aria-multiline', 'true');
  editor.setContent(view.html);
  markOwn();
  editor.undoManager.clear();
  editor.undoManager.add();
  tell({ kind: 'opened', html: editor.getContent() });
  tell({ kind: 'place', place: placeOf(editor) });
  const flush = listen(editor, tell);
  port.onmessage = ({ data }: MessageEvent<ToEditor>) => {
    if (data.kind === 'flush') {
      flush();
      tell({ kind: 'flushed' });
    } else if (data.kind !== 'open') obey(editor, data);
  };
}

window.addEventListener('message', ({ source, origin, data, ports: [port] }: MessageEvent<unknown>) => {
  if (source !== window.parent || origin !== location.origin || data !== kHello || !port) return;
  port.onmessage = ({ data: first }: MessageEvent<ToEditor>) => {
    if (first.kind === 'open') void open(port, first);
  };
});
