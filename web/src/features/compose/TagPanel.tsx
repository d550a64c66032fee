import { TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useState, type RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import classes from './Compose.module.css';
import type { Insert } from './insertion';
import { useTags } from './queries';

function useWords() {
  const { t, i18n } = useTranslation();
  return {
    group: (name: string, otherwise: string) =>
      (i18n.exists(`compose.tag_group.${name}`) ? t(`compose.tag_group.${name as 'system'}`) : otherwise),
    tag: (group: string, name: string, otherwise: string) => {
      const key = `compose.tag.${(group === 'student' ? name.replace('student.', 'contact.') : name).replaceAll('.', '_')}`;
      return i18n.exists(key) ? t(key as 'compose.tag.now') : otherwise;
    },
  };
}

/** The tags by group, each by its name in this language. */
function useTagGroups() {
  const words = useWords();
  const tags = useTags();
  const groups = (tags.data?.groups ?? []).map((group) => ({
    ...group, label: words.group(group.name, group.label),
    tags: group.tags.map((tag) => ({ ...tag, label: words.tag(group.name, tag.name, tag.label) })),
  }));
  return { tags, groups };
}

/** What each tag is called; null until that is known. */
export function useTagLabels(): ReadonlyMap<string, string> | null {
  const { tags, groups } = useTagGroups();
  if (tags.isPending) return null;
  return new Map(groups.flatMap((group) => group.tags.map(({ tag, label }) => [tag, label] as const)));
}

/** What can stand in a message for something of each recipient; a press puts it at the cursor. */
export function TagPanel({ target }: { target: RefObject<Insert | null> }) {
  const { t } = useTranslation();
  const { tags, groups: all } = useTagGroups();
  const [search, setSearch] = useState('');
  const wanted = search.trim().toLowerCase();
  const groups = all.map((group) => ({
    ...group,
    tags: group.tags.filter(({ name, label }) => wanted === '' || `${name} ${label}`.toLowerCase().includes(wanted)),
  })).filter((group) => group.tags.length > 0);
  return (
    <aside className={classes.aside} aria-label={t('compose.tags')}>
      <Sheet title={t('compose.tags')}>
        <p className={classes.soft}>{t('compose.tags_hint')}</p>
        <TextInput
          type="search" size="sm" aria-label={t('compose.find_tag')} placeholder={t('compose.find_tag')}
          leftSection={<IconSearch size={16} aria-hidden />} value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
        {tags.error ? <TroubleNotice error={tags.error} onRetry={() => void tags.refetch()} /> : null}
        <div className={classes.tags}>
          {groups.map((group) => (
            <details key={group.name} open={wanted !== '' || group.name === 'contact'}>
              <summary>{group.label}</summary>
              <ul>
                {group.tags.map((tag) => (
                  <li key={tag.tag}>
                    <button
                      type="button" title={tag.tag}
                      // The cursor stays where it is.
                      onMouseDown={(event) => event.preventDefault()}
                      onClick={() => target.current?.(tag.tag)}
                    >
                      <span>{tag.label}</span>
                      <small>{tag.sample}</small>
                    </button>
                  </li>
                ))}
              </ul>
            </details>
          ))}
          {tags.data && groups.length === 0 ? <p className={classes.soft}>{t('compose.none_found')}</p> : null}
        </div>
      </Sheet>
    </aside>
  );
}
