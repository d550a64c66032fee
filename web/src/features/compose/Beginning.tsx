import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, taggedAnswer } from '../../api/client';
import { readableSubject } from '../../lib/subject';
import { TroubleNotice } from '../../ui/TroubleNotice';
import type { StepProps } from './Compose';
import classes from './Compose.module.css';
import { simpleLetter } from './letter';
import { useTemplates } from './queries';

/** What an empty message can begin as. */
export function Beginning({ kept, keeper }: StepProps) {
  const { t } = useTranslation();
  const templates = useTemplates(true);
  const { id } = kept.campaign;
  const take = useMutation({
    mutationFn: async (template: string) => {
      await keeper.flush();
      return taggedAnswer(api.PATCH('/campaigns/{id}', { params: { path: { id } }, body: { template_id: template } }));
    },
    onSuccess: keeper.replace,
  });
  const letter = () => keeper.edit({
    html: simpleLetter({
      greeting: t('compose.letter.greeting'), friend: t('compose.letter.friend'), text: t('compose.letter.text'),
      regards: t('compose.letter.regards'), unsubscribe: t('compose.letter.unsubscribe'),
    }),
  });
  const items = templates.data?.items ?? [];
  return (
    <>
      <p className={classes.soft}>{t('compose.begin_with')}</p>
      {take.error ? <TroubleNotice error={take.error} /> : null}
      <ul className={classes.beginnings}>
        <li>
          <Button variant="default" onClick={letter}>{t('compose.begin_letter')}</Button>
        </li>
        {items.map((each) => (
          <li key={each.id}>
            <Button
              variant="default" loading={take.isPending && take.variables === each.id}
              onClick={() => take.mutate(each.id)}
            >
              {t('compose.begin_saved', { name: each.name || readableSubject(each.subject) })}
            </Button>
          </li>
        ))}
      </ul>
    </>
  );
}
