import { Button, FileButton, Group, NumberInput, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { IconUpload } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { uploadMedia } from '../../api/media';
import { textIn } from '../../lib/form';
import { Ask } from '../../ui/Ask';
import { TroubleNotice } from '../../ui/TroubleNotice';
import type { Place, ToEditor } from './protocol';
import type { Asked } from './Toolbar';

interface Props {
  asked: Asked | null;
  place: Place;
  picture: string; // the address of one just uploaded
  onClose: () => void;
  onDone: (what: ToEditor) => void;
}

/** An address as people type it. */
function addressOf(text: string): string {
  if (/^[^\s@/]+@[^\s@/]+\.[^\s@/]+$/.test(text)) return `mailto:${text}`;
  return /^([a-z][a-z0-9+.-]*:|#|\/|\{)/i.test(text) || text === '' ? text : `https://${text}`;
}

function LinkDialog({ place, onClose, onDone }: Props) {
  const { t } = useTranslation();
  return (
    <Ask
      opened onClose={onClose} title={t('visual.link')} yes={t('visual.put_in')} busy={false}
      onYes={(form) => {
        const href = addressOf(textIn(form, 'href'));
        onDone(href === '' ? { kind: 'command', command: 'Unlink' } : { kind: 'link', href, text: textIn(form, 'text') });
      }}
    >
      <TextInput name="href" label={t('visual.address')} defaultValue={place.link ?? ''} placeholder="https://" data-autofocus maxLength={2000}
        description={place.link !== null ? t('visual.unlink_hint') : t('visual.link_hint')} />
      {place.link === null ? <TextInput name="text" label={t('visual.link_text')} description={t('visual.link_text_hint')} maxLength={500} /> : null}
    </Ask>
  );
}

function ImageDialog({ place, picture, onClose, onDone }: Props) {
  const { t } = useTranslation();
  const { image } = place;
  const [src, setSrc] = useState(picture || image?.src || '');
  const upload = useMutation({ mutationFn: uploadMedia, onSuccess: ({ url }) => setSrc(url) });
  return (
    <Ask
      opened onClose={onClose} title={t('visual.image')} yes={t('visual.put_in')} busy={upload.isPending}
      onYes={(form) => onDone({
        kind: 'image', image: { src: addressOf(src.trim()), alt: textIn(form, 'alt'), width: textIn(form, 'width') },
      })}
    >
      <FileButton accept="image/png,image/jpeg,image/gif,image/webp" onChange={(file) => {
        if (file) upload.mutate(file);
      }}>
        {(button) => (
          <Button {...button} variant="default" loading={upload.isPending} leftSection={<IconUpload size={16} aria-hidden />}>
            {t('visual.choose_picture')}
          </Button>
        )}
      </FileButton>
      {upload.error ? <TroubleNotice error={upload.error} /> : null}
      <TextInput label={t('visual.image_address')} value={src} required maxLength={2000} onChange={(event) => setSrc(event.currentTarget.value)} />
      <TextInput name="alt" label={t('visual.alt')} description={t('visual.alt_hint')} defaultValue={image?.alt ?? ''} maxLength={500} />
      <NumberInput name="width" label={t('visual.width')} defaultValue={image && /^\d+$/.test(image.width) ? Number(image.width) : ''} min={1} max={2000} allowDecimal={false} hideControls />
    </Ask>
  );
}

function TableDialog({ onClose, onDone }: Props) {
  const { t } = useTranslation();
  return (
    <Ask
      opened onClose={onClose} title={t('visual.table')} yes={t('visual.put_in')} busy={false}
      onYes={(form) => onDone({ kind: 'table', rows: Number(textIn(form, 'rows')), columns: Number(textIn(form, 'columns')) })}
    >
      <Group grow>
        <NumberInput name="rows" label={t('visual.rows')} defaultValue={3} min={1} max={50} allowDecimal={false} clampBehavior="strict" required data-autofocus />
        <NumberInput name="columns" label={t('visual.columns')} defaultValue={2} min={1} max={10} allowDecimal={false} clampBehavior="strict" required />
      </Group>
    </Ask>
  );
}

/** What a button asks before it does its work. */
export function Dialogs(props: Props) {
  if (props.asked === 'link') return <LinkDialog {...props} />;
  if (props.asked === 'image') return <ImageDialog {...props} />;
  return props.asked === 'table' ? <TableDialog {...props} /> : null;
}
