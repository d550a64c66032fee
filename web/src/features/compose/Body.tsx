import { Button, SegmentedControl, Skeleton, Tabs } from '@mantine/core';
import { lazy, Suspense, useState, type RefObject } from 'react';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { answer, api } from '../../api/client';
import { useLocale } from '../../lib/language/language';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { Beginning } from './Beginning';
import type { StepProps } from './Compose';
import classes from './Compose.module.css';
import { HtmlEditor } from './HtmlEditor';
import type { Insert } from './insertion';
import { usePreview } from './queries';

const SourceEditor = lazy(() => import('./SourceEditor'));

interface Props extends StepProps {
  target: RefObject<Insert | null>;
}

/** The line that one is sent to. */
function useLine(name: 'html' | 'text'): number | null {
  const [params] = useSearchParams();
  return params.get('at') === name ? Number(params.get('line') ?? 0) : null;
}

function TextSource({ kept, keeper, target }: Props) {
  const { t } = useTranslation();
  const line = useLine('text');
  return (
    <Suspense fallback={<Skeleton role="img" height={360} aria-label={t('list.loading')} />}>
      <SourceEditor
        label={t('compose.field.text')} value={kept.fields.text} language="text" line={line} target={target}
        onChange={(text) => keeper.edit({ text })}
      />
    </Suspense>
  );
}

function PlainText(props: Props) {
  const { t } = useTranslation();
  const { kept, keeper } = props;
  const [own, setOwn] = useState(kept.fields.text !== '');
  const shown = usePreview(kept.fields, kept.campaign, null, !own);
  // Its tags as they stand: nothing is filled in yet.
  const beginning = useMutation({
    mutationFn: async () => {
      const html = `{% raw %}${kept.fields.html}{% endraw %}`;
      return (await answer(api.POST('/previews', { body: { draft: { html } } }))).text;
    },
    onSuccess: (text) => {
      if (text !== '') keeper.edit({ text });
      setOwn(true);
    },
  });
  return (
    <>
      <SegmentedControl
        aria-label={t('compose.plain_text')} mb="sm" value={own ? 'own' : 'automatic'}
        data={[
          { value: 'automatic', label: t('compose.text_automatic') }, { value: 'own', label: t('compose.text_own') },
        ]}
        onChange={(wanted) => {
          if (wanted === 'own') beginning.mutate();
          else {
            setOwn(false);
            keeper.edit({ text: '' });
          }
        }}
      />
      {beginning.error ? <TroubleNotice error={beginning.error} /> : null}
      {own ? <TextSource {...props} /> : (
        <>
          <p className={classes.soft}>{t('compose.text_automatic_meaning')}</p>
          {shown.error ? <TroubleNotice error={shown.error} onRetry={() => void shown.refetch()} /> : null}
          <pre className={classes.plain} tabIndex={0}>{shown.data?.text ?? ''}</pre>
        </>
      )}
    </>
  );
}

/** The message itself: what its readers see, and its plain text. */
export function Body(props: Props) {
  const { t } = useTranslation();
  const { kept, keeper } = props;
  const line = useLine('html');
  const locale = useLocale();
  const [params] = useSearchParams();
  const [tab, setTab] = useState<string | null>(params.get('at') === 'text' ? 'text' : 'html');
  const [begun, setBegun] = useState(false);
  const names = new Intl.DisplayNames(locale, { type: 'language' });
  const locales = new Intl.ListFormat(locale).format(kept.campaign.variants.map((each) => names.of(each.locale) ?? each.locale));
  const isEmpty = kept.fields.html === '' && kept.fields.text === '' && !begun;
  return (
    <Sheet title={t('compose.message')}>
      {locales.length > 0 ? <p className={classes.soft}>{t('compose.languages', { languages: locales })}</p> : null}
      {isEmpty ? (
        <>
          <Beginning {...props} />
          <Button variant="subtle" size="compact-md" mt="sm" onClick={() => setBegun(true)}>
            {t('compose.begin_empty')}
          </Button>
        </>
      ) : (
        <Tabs value={tab} onChange={setTab} keepMounted={false}>
          <Tabs.List mb="sm">
            <Tabs.Tab value="html">{t('visual.formatted')}</Tabs.Tab>
            <Tabs.Tab value="text">{t('compose.plain_text')}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="html">
            <HtmlEditor
              label={t('compose.message')} sourceLabel={t('compose.field.html')} value={kept.fields.html} line={line}
              target={props.target} onChange={(html) => keeper.edit({ html })}
            />
          </Tabs.Panel>
          <Tabs.Panel value="text"><PlainText {...props} /></Tabs.Panel>
        </Tabs>
      )}
    </Sheet>
  );
}
