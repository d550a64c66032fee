import { Button, Checkbox, Radio, Stack, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { isTicked, textIn } from '../../lib/form';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { fieldTrouble } from '../../ui/field_trouble';
import { useMay } from '../session/session';
import { useFix, useSettle, type AddressProblem } from './queries';

const kWays = ['correct', 'release', 'settle'] as const;
type Way = (typeof kWays)[number];

/** Correct the address, say that it is right after all, or take it off the list. */
export function FixForm({ problem }: { problem: AddressProblem }) {
  const { t } = useTranslation();
  const mayRelease = useMay('suppressions:release');
  const maySend = useMay('messages:send');
  const isDomain = problem.address.startsWith('@');
  const ways = kWays.filter((way) =>
    (way !== 'correct' || !isDomain) && (way !== 'release' || mayRelease));
  const [way, setWay] = useState<Way>(ways[0] ?? 'settle');
  const fix = useFix(problem.id);
  const settle = useSettle(problem.id);
  const error = way === 'settle' ? settle.error : fix.error;
  const canResend = maySend && way !== 'settle' && problem.message_id !== null;
  if (fix.data) {
    return (
      <p role="status">
        {fix.data.message_id ? (
          <>{t('problems.sent_again', { to: fix.data.address })}{' '}
            <Link to={`/communications/messages/${fix.data.message_id}`}>{t('problems.open_message')}</Link></>
        ) : t('problems.fixed', { to: fix.data.address })}
      </p>
    );
  }
  if (!problem.is_open) return <p role="status">{t('problems.is_settled')}</p>;
  return (
    <form onSubmit={(event) => {
      event.preventDefault();
      const form = new FormData(event.currentTarget);
      const note = textIn(form, 'note');
      if (way === 'settle') settle.mutate(note);
      else fix.mutate({
        ...(way === 'correct' ? { address: textIn(form, 'address') } : {}),
        ...(note ? { note } : {}), send_again: canResend && isTicked(form, 'again'),
      });
    }}>
      <Stack gap="sm">
        <Radio.Group value={way} onChange={(value) => setWay(value as Way)} label={t('problems.choose')}>
          <Stack gap={8} mt={6}>
            {ways.map((each) => (
              <Radio key={each} value={each} label={t(`problems.way.${each}`)}
                description={t(`problems.way_means.${each}`)} />
            ))}
          </Stack>
        </Radio.Group>
        {way === 'correct' ? (
          <TextInput
            name="address" label={t('problems.right_address')} defaultValue={problem.address} required
            maxLength={320} autoComplete="off" error={fieldTrouble(error, '/address')}
          />
        ) : (
          <Textarea
            name="note" label={t('problems.note')} maxLength={500} autosize minRows={2}
            required={way === 'release'} error={fieldTrouble(error, '/note')}
            {...(way === 'release' ? { description: t('problems.note_release') } : {})}
          />
        )}
        {canResend ? <Checkbox name="again" label={t('problems.send_again')} defaultChecked /> : null}
        {error ? <TroubleNotice error={error} /> : null}
        <div>
          <Button type="submit" loading={fix.isPending || settle.isPending}>{t(`problems.do.${way}`)}</Button>
        </div>
      </Stack>
    </form>
  );
}
