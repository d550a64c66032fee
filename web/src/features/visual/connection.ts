// A message in the page of the visual editor: opens it there, and carries back what is done to it.
import { carry, strayLines } from './carry';
import { kHello, type FromEditor, type Place, type ToEditor } from './protocol';
import { insertedSign, originalOf, viewOf, type Labels } from './view';

const kPatience = 20_000; // ms for the page to show the message
const kFlush = 1000; // ms for the page to tell what was typed last

export interface Heard {
  onOpened: () => void;
  onRefused: (lines: readonly number[]) => void; // it cannot be shown unchanged
  onFailed: () => void;
  onChange: (source: string) => void;
  onPlace: (place: Place) => void;
  onFocus: () => void;
  onLeave: () => void;
  onAskLink: () => void;
  onPictures: (files: readonly File[]) => void;
}

export class Connection {
  private readonly original;
  private view: string | null = null;
  private port: MessagePort | null = null;
  private readonly waiting: (() => void)[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(source: string, private readonly labels: Labels, private readonly heard: Heard) {
    this.original = originalOf(source);
  }

  /** `frame` has loaded: the first time it is the editor's page, and never again. */
  open(frame: HTMLIFrameElement, label: string, language: string): void {
    if (this.port) {
      this.heard.onFailed();
      return;
    }
    const channel = new MessageChannel();
    this.port = channel.port1;
    this.port.onmessage = ({ data }: MessageEvent<FromEditor>) => this.hear(data);
    // The page has no origin to name; it looks at ours.
    frame.contentWindow?.postMessage(kHello, '*', [channel.port2]);
    this.tell({ kind: 'open', view: viewOf(this.original, this.labels), label, language });
    this.timer = setTimeout(() => this.heard.onFailed(), kPatience);
  }

  tell(what: ToEditor): void {
    this.port?.postMessage(what);
  }

  insert(tag: string): void {
    this.tell({ kind: 'insert', html: insertedSign(this.original, tag, this.labels) });
  }

  /** What was typed last is told. */
  flush(): Promise<void> {
    if (this.view === null) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      setTimeout(resolve, kFlush);
      this.tell({ kind: 'flush' });
    });
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private hear(what: FromEditor): void {
    switch (what.kind) {
      case 'opened': return this.opened(what.html);
      case 'changed':
        if (this.view !== null) this.heard.onChange(carry(this.original, this.view, what.html));
        return undefined;
      case 'flushed': return this.waiting.splice(0).forEach((done) => done());
      case 'place': return this.heard.onPlace(what.place);
      case 'focused': return this.heard.onFocus();
      case 'leave': return this.heard.onLeave();
      case 'ask': return this.heard.onAskLink();
      case 'pictures': return this.heard.onPictures(what.files);
    }
  }

  private opened(html: string): void {
    clearTimeout(this.timer);
    const lines = strayLines(this.original, html);
    if (lines.length > 0) {
      this.heard.onRefused(lines);
      return;
    }
    this.view = html;
    this.heard.onOpened();
  }
}
