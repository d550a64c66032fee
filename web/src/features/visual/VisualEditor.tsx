import { useEffect, useRef, useState, type RefObject } from 'react';
import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { uploadMedia } from '../../api/media';
import { useLanguage } from '../../lib/language/language';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { Connection } from './connection';
import { Dialogs } from './Dialogs';
import type { Place, ToEditor } from './protocol';
import { Toolbar, type Asked } from './Toolbar';
import type { Labels } from './view';
import classes from './Visual.module.css';

interface Props {
  label: string;
  value: string;
  labels: Labels;
  target: RefObject<((text: string) => void) | null>;
  flush: RefObject<(() => Promise<void>) | null>; // what was typed last is told before it is left
  onChange: (value: string) => void;
  onRefused: (lines: readonly number[]) => void;
}

const kNowhere: Place = { block: '', on: [], hasUndo: false, hasRedo: false, inTable: false, link: null, image: null };

/** Whether pictures from elsewhere stand in it, which are shown only when somebody wants it. */
function hasRemoteImages(source: string): boolean {
  return [...source.matchAll(/(?:src|background)\s*=\s*["']?https?:\/\/([^/"'\s>]+)/gi)].some((each) => each[1] !== window.location.host);
}

function Opened(props: Props & { images: 'own' | 'all'; onOwn: (value: string) => void }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const latest = useRef(props);
  latest.current = props;
  const frame = useRef<HTMLIFrameElement>(null);
  const bar = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<'opening' | 'open' | 'failed'>('opening');
  const [place, setPlace] = useState(kNowhere);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [picture, setPicture] = useState('');
  const upload = useMutation({
    mutationFn: (files: readonly File[]) => uploadMedia(files[0] as File),
    onSuccess: ({ url }) => {
      setPicture(url);
      setAsked('image');
    },
  });
  const [insert] = useState(() => (tag: string) => {
    frame.current?.focus();
    connection.insert(tag);
  });
  const [connection] = useState(() => new Connection(props.value, props.labels, {
    onOpened: () => {
      setState('open');
      latest.current.target.current ??= insert;
    },
    onRefused: (lines) => latest.current.onRefused(lines),
    onFailed: () => setState('failed'),
    onChange: (value) => latest.current.onOwn(value),
    onPlace: setPlace,
    onFocus: () => {
      latest.current.target.current = insert;
    },
    onLeave: () => bar.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus(),
    onAskLink: () => setAsked('link'),
    onPictures: (files) => upload.mutate(files),
  }));
  useEffect(() => {
    const { target, flush } = latest.current;
    const mine = () => connection.flush();
    flush.current = mine;
    return () => {
      connection.stop();
      if (flush.current === mine) flush.current = null;
      if (target.current === insert) target.current = null;
    };
  }, [connection, insert]);
  const tell = (what: ToEditor) => {
    frame.current?.focus();
    connection.tell(what);
  };
  const close = () => {
    setAsked(null);
    setPicture('');
  };
  return (
    <>
      {upload.error ? <TroubleNotice error={upload.error} /> : null}
      {state === 'failed' ? <p role="alert">{t('visual.failed')}</p> : null}
      <div className={classes.whole} aria-busy={state === 'opening'}>
        <Toolbar
          place={place} bar={bar} onAsk={setAsked} onLeave={() => tell({ kind: 'focus' })}
          onBlock={(block) => tell({ kind: 'block', block })} onCommand={(command) => tell({ kind: 'command', command })}
        />
        <iframe
          ref={frame} className={classes.frame} title={props.label} sandbox="allow-scripts"
          src={props.images === 'all' ? '/editor?remote_images=true' : '/editor'}
          onLoad={(event) => connection.open(event.currentTarget, props.label, language)}
        />
      </div>
      <Dialogs
        key={picture} asked={asked} place={place} picture={picture} onClose={close}
        onDone={(what) => {
          close();
          // When the dialog has given the focus back.
          setTimeout(() => tell(what), 50);
        }}
      />
    </>
  );
}

/** The message as its reader sees it, to write in. What nobody touches keeps its octets. */
export default function VisualEditor(props: Props) {
  const { t } = useTranslation();
  const { value } = props;
  const mine = useRef(value);
  const [opened, setOpened] = useState(0);
  const [images, setImages] = useState<'own' | 'all'>('own');
  // Changed elsewhere: opened anew.
  useEffect(() => {
    if (value === mine.current) return;
    mine.current = value;
    setOpened((number) => number + 1);
  }, [value]);
  return (
    <>
      {images === 'own' && hasRemoteImages(value) ? (
        <Button variant="subtle" size="compact-sm" mb={4} onClick={() => setImages('all')}>{t('message.remote_images')}</Button>
      ) : null}
      <Opened
        key={`${images} ${opened}`} {...props} images={images}
        onOwn={(next) => {
          mine.current = next;
          props.onChange(next);
        }}
      />
    </>
  );
}
