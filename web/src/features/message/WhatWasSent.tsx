import { Button, Skeleton, Switch, Tabs } from '@mantine/core';
import { IconDownload, IconPaperclip } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { octets } from '../../lib/number';
import { useLocale } from '../../lib/language/language';
import { useUrlState } from '../../lib/url_state';
import { EmptyState } from '../../ui/EmptyState';
import { Facts } from '../../ui/Facts';
import { MessageFrame } from '../../ui/MessageFrame';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useMessageContent, useMessageSource, type MessageContent, type MessageDetails } from './queries';
import classes from './WhatWasSent.module.css';

const kViews = ['html', 'text', 'headers', 'source'] as const;

function Attachments({ id, content }: { id: string; content: MessageContent }) {
  const { t } = useTranslation();
  const locale = useLocale();
  if (content.attachments.length === 0) return null;
  return (
    <ul className={classes.attachments} aria-label={t('log.attachments')}>
      {content.attachments.map((each) => (
        <li key={each.position}>
          <IconPaperclip size={16} aria-hidden />
          <a href={`/api/v1/messages/${id}/attachments/${each.position}`} download>
            {each.file_name || t('message.attachment', { number: each.position })}
          </a>
          <span>{octets(each.octets, locale)}</span>
        </li>
      ))}
    </ul>
  );
}

function AsSent({ id }: { id: string }) {
  const { t } = useTranslation();
  const [images, setImages] = useState(false);
  return (
    <>
      <div className={classes.above}>
        <Switch
          size="sm" label={t('message.remote_images')} checked={images}
          onChange={(event) => setImages(event.currentTarget.checked)}
        />
      </div>
      <MessageFrame
        title={t('message.frame')} src={`/api/v1/messages/${id}/html${images ? '?remote_images=true' : ''}`}
      />
    </>
  );
}

function Source({ id }: { id: string }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useMessageSource(id, true);
  if (error) return <TroubleNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton height={240} />;
  return (
    <>
      <div className={classes.above}>
        <Button
          component="a" href={`/api/v1/messages/${id}/eml`} download variant="default" size="compact-sm"
          leftSection={<IconDownload size={16} aria-hidden />}
        >
          {t('message.download')}
        </Button>
      </div>
      <pre className={classes.plain} tabIndex={0}>{data}</pre>
    </>
  );
}

/** The message as its recipient got it, byte for byte; nothing of it runs or loads here. */
export function WhatWasSent({ message }: { message: MessageDetails }) {
  const { t } = useTranslation();
  const [params, change] = useUrlState();
  const content = useMessageContent(message.id, message.content_sha256);
  const view = kViews.find((each) => each === params.get('view')) ?? 'html';
  if (!message.content_sha256 || content.data === null) {
    return (
      <Sheet>
        <EmptyState
          title={t('message.nothing_sent_title')}
          sentence={t(message.purged ? 'message.nothing_kept' : 'message.nothing_sent')}
        />
      </Sheet>
    );
  }
  if (content.error) {
    return <TroubleNotice error={content.error} onRetry={() => void content.refetch()} />;
  }
  return (
    <Sheet flush>
      <Tabs
        value={view} keepMounted={false}
        onChange={(next) => change({ view: next === 'html' ? null : next })}
      >
        <Tabs.List className={classes.tabs}>
          {kViews.map((each) => <Tabs.Tab key={each} value={each}>{t(`message.view.${each}`)}</Tabs.Tab>)}
        </Tabs.List>
        {content.data ? (
          <>
            <Tabs.Panel value="html"><AsSent id={message.id} /></Tabs.Panel>
            <Tabs.Panel value="text">
              <pre className={classes.plain} tabIndex={0}>{content.data.text ?? t('message.no_text')}</pre>
            </Tabs.Panel>
            <Tabs.Panel value="headers" className={classes.headers}>
              <Facts facts={content.data.headers.map(({ name, value }) => [name, value] as const)} />
            </Tabs.Panel>
            <Tabs.Panel value="source"><Source id={message.id} /></Tabs.Panel>
            <Attachments id={message.id} content={content.data} />
          </>
        ) : <Skeleton height={420} aria-label={t('list.loading')} />}
      </Tabs>
    </Sheet>
  );
}
