import { Select, Stack, TextInput } from '@mantine/core';
import { useEffect, useRef, type RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { Sheet } from '../../ui/Sheet';
import { Attachments } from './Attachments';
import type { StepProps } from './Compose';
import classes from './Compose.module.css';
import { Body } from './Body';
import { insertAt, type Insert } from './insertion';
import { MoreOptions } from './MoreOptions';
import { useSenders, useTopics } from './queries';
import { TagPanel } from './TagPanel';

type Target = RefObject<Insert | null>;

/** One line of the message, into which tags can be put. */
function Line(props: StepProps & { name: 'subject' | 'preheader' | 'reply_to'; target?: Target; hint?: string }) {
  const { t } = useTranslation();
  const { name, kept, keeper, target } = props;
  const box = useRef<HTMLInputElement>(null);
  const [params] = useSearchParams();
  useEffect(() => {
    if (params.get('at') === name) box.current?.focus();
  }, [params, name]);
  return (
    <TextInput
      ref={box} label={t(`compose.field.${name}`)} value={kept.fields[name]} maxLength={name === 'subject' ? 998 : 1000}
      description={props.hint} error={kept.refused[name]}
      onFocus={target ? () => {
        target.current = (text) => insertAt(box.current, text, (value) => keeper.edit({ [name]: value }));
      } : undefined}
      onChange={(event) => keeper.edit({ [name]: event.currentTarget.value })}
    />
  );
}

function SenderChoice({ kept, keeper }: StepProps) {
  const { t } = useTranslation();
  const senders = useSenders();
  const box = useRef<HTMLInputElement>(null);
  const [params] = useSearchParams();
  useEffect(() => {
    if (params.get('at') === 'sender_id') box.current?.focus();
  }, [params]);
  const items = senders.data?.items ?? [];
  const only = items.length === 1 ? items[0] : undefined;
  const isOpen = kept.fields.sender_id === null;
  // There is nothing to choose.
  useEffect(() => {
    if (only && isOpen) keeper.edit({ sender_id: only.id });
  }, [only, isOpen, keeper]);
  return (
    <Select
      ref={box} label={t('compose.field.sender_id')} searchable={items.length > 8} allowDeselect={false}
      value={kept.fields.sender_id} placeholder={t('compose.choose')} error={kept.refused.sender_id}
      nothingFoundMessage={t('compose.none_found')}
      data={items.map(({ id, name, address, is_verified }) => ({
        value: id,
        label: `${name ? `${name} <${address}>` : address}${is_verified ? '' : ` – ${t('compose.not_verified')}`}`,
      }))}
      onChange={(id) => keeper.edit({ sender_id: id })}
    />
  );
}

function Topic({ kept, keeper }: StepProps) {
  const { t } = useTranslation();
  const topics = useTopics().data?.items ?? [];
  if (topics.length === 0) return null;
  return (
    <Select
      label={t('compose.field.topic_id')} description={t('compose.topic_hint')} clearable
      clearButtonProps={{ 'aria-label': t('compose.clear') }}
      value={kept.fields.topic_id} placeholder={t('compose.no_topic')}
      data={topics.map(({ id, name }) => ({ value: id, label: name }))}
      onChange={(id) => keeper.edit({ topic_id: id })}
    />
  );
}

/** What it says, with the tags beside. */
export function ContentStep(props: StepProps) {
  const { t } = useTranslation();
  const { kept, keeper } = props;
  const target = useRef<Insert | null>(null);
  return (
    <div className={classes.beside}>
      <div className={classes.column}>
        <Sheet title={t('compose.head')}>
          <Stack gap="sm">
            <SenderChoice {...props} />
            <Line {...props} name="subject" target={target} />
            <MoreOptions>
              <Line {...props} name="preheader" target={target} hint={t('compose.preheader_hint')} />
              <Line {...props} name="reply_to" hint={t('compose.reply_to_hint')} />
              <Topic {...props} />
              <TextInput
                label={t('compose.field.name')} description={t('compose.name_hint')} value={kept.fields.name}
                maxLength={200} onChange={(event) => keeper.edit({ name: event.currentTarget.value })}
              />
            </MoreOptions>
          </Stack>
        </Sheet>
        <Body {...props} target={target} />
        <Attachments {...props} />
      </div>
      <TagPanel target={target} />
    </div>
  );
}
