import { Button, Checkbox, Radio, Stack, Switch } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Sheet } from '../../ui/Sheet';
import { AudienceParts, type Parts } from './AudienceParts';
import { AudienceSum } from './AudienceSum';
import type { StepProps } from './Compose';
import classes from './Compose.module.css';
import type { Audience } from './draft_fields';
import { MoreOptions } from './MoreOptions';
import { addressesNobody } from './queries';

const kRecipients = ['themselves', 'guardians', 'both'] as const;

/** Without lists that are empty: an audience says what there is. */
function trimmed(parts: Parts): Parts {
  return Object.fromEntries(Object.entries(parts).filter(([, list]) => list && list.length > 0)) as Parts;
}

function partsOf({ groups, segments, contacts, addresses, campaigns }: Parts): Parts {
  return trimmed({
    ...(groups ? { groups } : {}), ...(segments ? { segments } : {}), ...(contacts ? { contacts } : {}),
    ...(addresses ? { addresses } : {}), ...(campaigns ? { campaigns } : {}),
  });
}

function Exclusions({ audience, put }: { audience: Audience; put: (audience: Audience) => void }) {
  const { t } = useTranslation();
  const excluded = partsOf(audience.exclude ?? {});
  const [opened, setOpened] = useState(Object.keys(excluded).length > 0);
  if (!opened) {
    return (
      <div>
        <Button variant="subtle" size="compact-md" onClick={() => setOpened(true)}>{t('compose.add_exclusion')}</Button>
      </div>
    );
  }
  return (
    <Sheet title={t('compose.but_not')}>
      <AudienceParts
        parts={excluded}
        onChange={(parts) => {
          const { exclude: _, ...rest } = audience;
          const next = trimmed(parts);
          put(Object.keys(next).length > 0 ? { ...rest, exclude: next } : rest);
        }}
      />
    </Sheet>
  );
}

/** Whom it goes to, with the sum of it beside. */
export function AudienceStep({ kept, keeper }: StepProps) {
  const { t } = useTranslation();
  const { audience } = kept.fields;
  const put = (next: Audience) => keeper.edit({ audience: next });
  const set = (change: Partial<Audience>) => put({ ...audience, ...change });
  return (
    <div className={classes.beside}>
      <div className={classes.column}>
        <Sheet title={t('compose.to')}>
          <Stack gap="md">
            <Checkbox
              label={t('compose.everybody')} checked={audience.everybody ?? false}
              onChange={(event) => set({ everybody: event.currentTarget.checked })}
            />
            {audience.everybody ? null : (
              <AudienceParts
                parts={partsOf(audience)}
                onChange={(parts) => {
                  const { groups: _g, segments: _s, contacts: _c, addresses: _a, campaigns: _p, ...rest } = audience;
                  put({ ...rest, ...trimmed(parts) });
                }}
              />
            )}
          </Stack>
        </Sheet>
        {addressesNobody(audience) ? null : <Exclusions audience={audience} put={put} />}
        <MoreOptions>
          <Radio.Group
            label={t('compose.write_to')} value={audience.recipients ?? 'themselves'}
            onChange={(wanted) => set({ recipients: wanted as (typeof kRecipients)[number] })}
          >
            <Stack gap={6} mt={6}>
              {kRecipients.map((each) => <Radio key={each} value={each} label={t(`compose.recipients.${each}`)} />)}
            </Stack>
          </Radio.Group>
          <Switch
            label={t('compose.alternatives')} checked={audience.alternative_addresses ?? false}
            onChange={(event) => set({ alternative_addresses: event.currentTarget.checked })}
          />
          <Switch
            label={t('compose.freeze')} checked={audience.freeze ?? false}
            description={t(audience.freeze ? 'compose.frozen_meaning' : 'compose.not_frozen_meaning')}
            onChange={(event) => set({ freeze: event.currentTarget.checked })}
          />
        </MoreOptions>
      </div>
      <AudienceSum kept={kept} />
    </div>
  );
}
