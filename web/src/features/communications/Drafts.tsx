import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { answer, api } from '../../api/client';
import { useLocale } from '../../lib/language/language';
import { readableSubject } from '../../lib/subject';
import { shortTime } from '../../lib/time';
import { useMay } from '../session/session';
import classes from './Drafts.module.css';

/** What is still being written, to go on with. */
export function Drafts() {
  const { t } = useTranslation();
  const locale = useLocale();
  const may = useMay('campaigns:read');
  const { data } = useQuery({
    queryKey: ['send-outs', 'drafts'],
    queryFn: ({ signal }) => answer(api.GET('/campaigns', { params: { query: { state: 'draft', limit: 50 } }, signal })),
    staleTime: 0, enabled: may,
  });
  const drafts = data?.items ?? [];
  if (drafts.length === 0) return null;
  return (
    <details className={classes.drafts} open={drafts.length <= 5}>
      <summary>{t('compose.drafts')} ({drafts.length}{data?.next_cursor ? '+' : ''})</summary>
      <ul>
        {drafts.map((draft) => (
          <li key={draft.id}>
            <Link to={`/compose/${draft.id}`}>
              {readableSubject(draft.subject) || draft.name || t('compose.new')}
            </Link>
            <span>{t('compose.changed_at', { at: shortTime(draft.changed_at, locale), who: draft.created_by })}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
