import { Button, Group, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate, useParams } from 'react-router';
import { isTrouble } from '../../api/trouble';
import { useLocale } from '../../lib/language/language';
import { shortTime } from '../../lib/time';
import { Ask } from '../../ui/Ask';
import { EmptyState } from '../../ui/EmptyState';
import { PageHead } from '../../ui/PageHead';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { HtmlEditor } from '../compose/HtmlEditor';
import type { Insert } from '../compose/insertion';
import { TagPanel } from '../compose/TagPanel';
import { ContactPicker } from '../contacts/ContactPicker';
import { useMay } from '../session/session';
import {
  useChangeTemplate, useCopyTemplate, useDeleteTemplate, useRestoreVersion, useTemplate, useTemplatePreview,
  useTemplateVersions, type Loaded, type Template,
} from './queries';
import classes from './Templates.module.css';

function AsReadBy({ subject, html }: { subject: string; html: string }) {
  const { t } = useTranslation();
  const [contact, setContact] = useState<string | null>(null);
  const [draft] = useDebouncedValue({ subject, html }, 500);
  const preview = useTemplatePreview(draft, contact);
  return (
    <Sheet title={t('template.preview')}>
      <ContactPicker label={t('template.as_read_by')} onChoose={(chosen) => setContact(chosen?.id ?? null)} />
      {preview.error ? <TroubleNotice error={preview.error} /> : null}
      {preview.data ? (
        <>
          <p className={classes.subject}>{preview.data.subject || t('log.no_subject')}</p>
          <pre className={classes.text} tabIndex={0}>{preview.data.text || t('message.no_text')}</pre>
          {preview.data.findings.length > 0 ? (
            <ul className={classes.list}>
              {preview.data.findings.map((each) => (
                <li key={`${each.code} ${each.part} ${each.line} ${each.sentence}`}>{each.sentence}</li>
              ))}
            </ul>
          ) : null}
        </>
      ) : null}
    </Sheet>
  );
}

function Versions({ template }: { template: Template }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const may = useMay('content:write');
  const versions = useTemplateVersions(template.id);
  const restore = useRestoreVersion(template.id);
  return (
    <Sheet title={t('template.versions')}>
      {versions.error ?? restore.error ? <TroubleNotice error={versions.error ?? restore.error} /> : null}
      <ul className={classes.versions}>
        {(versions.data?.items ?? []).map((each) => (
          <li key={each.version}>
            <span>{each.version}. {shortTime(each.created_at, locale)}, {each.created_by}</span>
            {may && each.version !== template.version ? (
              <Button size="compact-sm" variant="default" loading={restore.isPending && restore.variables === each.version}
                onClick={() => restore.mutate(each.version)}>
                {t('template.restore')}
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
    </Sheet>
  );
}

function Remove({ template }: { template: Template }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const remove = useDeleteTemplate();
  const [asks, setAsks] = useState(false);
  return (
    <>
      <Button variant="default" onClick={() => setAsks(true)}>{t('settings.remove')}</Button>
      <Ask
        opened={asks} onClose={() => setAsks(false)} title={t('settings.remove')} yes={t('settings.remove')} grave
        busy={remove.isPending} error={remove.error}
        onYes={() => remove.mutate(template.id, { onSuccess: () => void navigate('/templates') })}
      >
        <Text>{t('template.remove_asks', { name: template.name })}</Text>
      </Ask>
    </>
  );
}

function Editor({ loaded: { template, tag } }: { loaded: Loaded }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const may = useMay('content:write');
  const save = useChangeTemplate(template.id);
  const copy = useCopyTemplate();
  const target = useRef<Insert | null>(null);
  const [name, setName] = useState(template.name);
  const [subject, setSubject] = useState(template.draft.subject ?? '');
  const [html, setHtml] = useState(template.draft.html ?? '');
  return (
    <>
      <PageHead title={template.name} over={<Link to="/templates">{t('areas.templates')}</Link>}>
        {may ? (
          <>
            <Remove template={template} />
            <Button variant="default" loading={copy.isPending} onClick={() => copy.mutate(template.id, {
              onSuccess: ({ id }) => void navigate(`/templates/${id}`),
            })}>
              {t('template.copy')}
            </Button>
            <Button loading={save.isPending}
              onClick={() => save.mutate({ tag, name: name.trim(), draft: { subject, html } })}>
              {t('account.save')}
            </Button>
          </>
        ) : null}
      </PageHead>
      {save.error ?? copy.error ? <TroubleNotice error={save.error ?? copy.error} /> : null}
      {save.isSuccess ? <p role="status">{t('account.saved')}</p> : null}
      <div className={classes.pair}>
        <Sheet>
          <Stack gap="sm">
            <Group grow align="flex-start">
              <TextInput label={t('log.name')} value={name} required maxLength={200} disabled={!may}
                onChange={(event) => setName(event.currentTarget.value)} />
              <TextInput label={t('log.subject')} value={subject} maxLength={998} disabled={!may}
                onChange={(event) => setSubject(event.currentTarget.value)} />
            </Group>
            <div>
              <HtmlEditor label={t('compose.message')} sourceLabel={t('template.source')} value={html} line={null} target={target}
                onChange={setHtml} />
            </div>
          </Stack>
        </Sheet>
        <div className={classes.stack}>
          {may ? <TagPanel target={target} /> : null}
          <AsReadBy subject={subject} html={html} />
          <Versions template={template} />
        </div>
      </div>
    </>
  );
}

/** A saved message: its source, how somebody would read it, and what it was before. */
export function Component() {
  const { t } = useTranslation();
  const { id = '' } = useParams();
  const { data, error, refetch } = useTemplate(id);
  if (isTrouble(error) && error.status === 404) {
    return <EmptyState title={t('template.gone')} sentence={t('problems.gone')} />;
  }
  if (error) return <TroubleNotice error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={420} aria-label={t('list.loading')} />;
  return <Editor key={`${data.template.id} ${data.template.version}`} loaded={data} />;
}
