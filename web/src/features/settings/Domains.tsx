import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { textIn } from '../../lib/form';
import { Ask } from '../../ui/Ask';
import { fieldTrouble } from '../../ui/field_trouble';
import { DomainTable } from '../domains/DomainTable';
import { useAddDomain } from '../domains/queries';
import { useMay } from '../session/session';
import { SettingsHead } from './SettingsHead';

/** The domains that the organisation writes from. */
export function Component() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const may = useMay('organisation:write');
  const add = useAddDomain();
  const [adds, setAdds] = useState(false);
  return (
    <>
      <SettingsHead>{may ? <Button onClick={() => setAdds(true)}>{t('domain.add')}</Button> : null}</SettingsHead>
      <DomainTable />
      <Ask
        opened={adds} onClose={() => setAdds(false)} title={t('domain.add')} yes={t('domain.add')}
        busy={add.isPending} error={add.error}
        onYes={(form) => add.mutate({ name: textIn(form, 'name') }, {
          onSuccess: (made) => void navigate(`/settings/domains/${made.id}`),
        })}
      >
        <TextInput name="name" label={t('domain.name')} description={t('domain.name_means')} required maxLength={300}
          placeholder="example.org" autoComplete="off" error={fieldTrouble(add.error, '/name')} data-autofocus />
      </Ask>
    </>
  );
}
