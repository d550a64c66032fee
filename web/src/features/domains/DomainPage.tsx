import { Button, Group, Skeleton, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate, useParams } from 'react-router';
import { isTrouble } from '../../api/trouble';
import { textIn } from '../../lib/form';
import { useLocale } from '../../lib/language/language';
import { longTime, shortDate } from '../../lib/time';
import { Ask } from '../../ui/Ask';
import { CopyLine } from '../../ui/CopyLine';
import { EmptyState } from '../../ui/EmptyState';
import { Facts } from '../../ui/Facts';
import { PageHead } from '../../ui/PageHead';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { fieldTrouble } from '../../ui/field_trouble';
import { useMay } from '../session/session';
import classes from './Domains.module.css';
import { DomainMark, FindingMark } from './DomainMark';
import {
  useCheckDomain, useDomain, useNewKeys, useRemoveDomain, useReturnPath, type Domain,
} from './queries';

function Findings({ domain }: { domain: Domain }) {
  const { t } = useTranslation();
  const locale = useLocale();
  if (!domain.checked_at) {
    return <Sheet title={t('domain.findings')}><p className={classes.soft}>{t('domain.not_checked_yet')}</p></Sheet>;
  }
  return (
    <Sheet title={t('domain.findings')}>
      <p className={classes.soft}>{t('domain.checked_at', { at: longTime(domain.checked_at, locale) })}</p>
      <ul className={classes.list}>
        {domain.findings.map((finding) => (
          <li key={finding.check}>
            <Group gap="xs"><strong>{t(`domain.what.${finding.check}`)}</strong><FindingMark status={finding.status} /></Group>
            <p>{finding.sentence}</p>
            {finding.found.map((found) => <p key={found} className={classes.found}>{found}</p>)}
          </li>
        ))}
      </ul>
    </Sheet>
  );
}

/** What to put into DNS: name and value apart, as the forms of DNS providers want them. */
function Records({ domain }: { domain: Domain }) {
  const { t } = useTranslation();
  const isGood = (purpose: string) =>
    domain.findings.some(({ check, status }) => check === purpose.replace('_spf', '') && status === 'good');
  return (
    <Sheet title={t('domain.records')}>
      <p className={classes.soft}>{t('domain.records_sentence')}</p>
      <ul className={classes.list}>
        {domain.records.map((record) => (
          <li key={`${record.name} ${record.value}`}>
            <Group gap="xs">
              <strong>{t(`domain.purpose.${record.purpose}`)}</strong>
              <span className={classes.soft}>{record.type}</span>
              {isGood(record.purpose) ? <FindingMark status="good" /> : null}
              {record.is_required ? null : <span className={classes.soft}>{t('domain.not_required')}</span>}
            </Group>
            <p className={classes.soft}>{record.note}</p>
            <div className={classes.record}>
              <span>{t('domain.record_name')}</span>
              <CopyLine value={record.name} what={`${t('domain.record_name')} ${record.name}`} />
              <span>{t('domain.record_value')}</span>
              <CopyLine value={record.value} what={`${t('domain.record_value')} ${record.name}`} />
            </div>
          </li>
        ))}
      </ul>
    </Sheet>
  );
}

function ReturnPath({ domain }: { domain: Domain }) {
  const { t } = useTranslation();
  const change = useReturnPath(domain.id);
  return (
    <Sheet title={t('domain.return_path')}>
      <p className={classes.soft}>{t('domain.return_path_sentence')}</p>
      <form onSubmit={(event) => {
        event.preventDefault();
        change.mutate(textIn(new FormData(event.currentTarget), 'name'));
      }}>
        <Group align="flex-end" gap="sm">
          <TextInput
            name="name" label={t('domain.return_path_name')} defaultValue={domain.return_path_domain}
            placeholder={`bounces.${domain.name}`} maxLength={255} flex={1}
            error={fieldTrouble(change.error, '/return_path_domain')}
          />
          <Button type="submit" variant="default" loading={change.isPending}>{t('account.save')}</Button>
        </Group>
        {change.error ? <TroubleNotice error={change.error} /> : null}
        {change.isSuccess ? <p role="status" className={classes.done}>{t('domain.return_path_saved')}</p> : null}
      </form>
    </Sheet>
  );
}

function Keys({ domain }: { domain: Domain }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const may = useMay('organisation:write');
  const rotate = useNewKeys(domain.id);
  const [asks, setAsks] = useState(false);
  return (
    <Sheet title={t('domain.keys')} beside={may ? (
      <Button size="compact-sm" variant="default" onClick={() => setAsks(true)}>{t('domain.new_keys')}</Button>
    ) : null}>
      <Facts facts={domain.keys.map((key) => [
        key.selector,
        `${t(`domain.key_state.${key.state}`)}, ${key.algorithm}, ${shortDate(key.created_at, locale)}`,
      ] as const)} />
      <Ask
        opened={asks} onClose={() => setAsks(false)} title={t('domain.new_keys')} yes={t('domain.new_keys')}
        busy={rotate.isPending} error={rotate.error}
        onYes={() => rotate.mutate(undefined, { onSuccess: () => setAsks(false) })}
      >
        <Text>{t('domain.new_keys_asks')}</Text>
      </Ask>
    </Sheet>
  );
}

function Remove({ domain }: { domain: Domain }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const remove = useRemoveDomain(domain.id);
  const [asks, setAsks] = useState(false);
  return (
    <>
      <Button variant="default" onClick={() => setAsks(true)}>{t('settings.remove')}</Button>
      <Ask
        opened={asks} onClose={() => setAsks(false)} title={t('settings.remove')} yes={t('settings.remove')} grave
        busy={remove.isPending} error={remove.error}
        onYes={() => remove.mutate(undefined, { onSuccess: () => void navigate('/settings/domains') })}
      >
        <Text>{t('domain.remove_asks', { name: domain.name })}</Text>
      </Ask>
    </>
  );
}

/** A sending domain: what DNS lacks, and the exact lines to copy. */
export function Component() {
  const { t } = useTranslation();
  const { id = '' } = useParams();
  const may = useMay('organisation:write');
  const { data: domain, error, refetch } = useDomain(id);
  const check = useCheckDomain();
  if (isTrouble(error) && error.status === 404) {
    return <EmptyState title={t('domain.gone')} sentence={t('problems.gone')} />;
  }
  if (error) return <TroubleNotice error={error} onRetry={() => void refetch()} />;
  if (!domain) return <Skeleton height={320} aria-label={t('list.loading')} />;
  return (
    <>
      <PageHead
        title={domain.name} over={<Link to="/settings/domains">{t('problems.domains')}</Link>}
        under={<DomainMark domain={domain} />}
      >
        {may ? <Remove domain={domain} /> : null}
        {may ? (
          <Button loading={check.isPending} onClick={() => check.mutate(domain.id)}>{t('domain.check')}</Button>
        ) : null}
      </PageHead>
      {check.error ? <TroubleNotice error={check.error} /> : null}
      <div className={classes.pair}>
        <Records domain={domain} />
        <div className={classes.stack}>
          <Findings domain={domain} />
          {may ? <ReturnPath domain={domain} /> : null}
          <Keys domain={domain} />
        </div>
      </div>
    </>
  );
}
