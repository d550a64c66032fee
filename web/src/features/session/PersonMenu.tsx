import { Menu, UnstyledButton } from '@mantine/core';
import { IconBrightnessHalf, IconBuilding, IconCheck, IconChevronDown, IconLanguage, IconLogout, IconUserCircle } from '@tabler/icons-react';
import { useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { answer, api } from '../../api/client';
import { chooseLanguage, kLanguages, useLanguage, type Language } from '../../lib/language/language';
import { takeSession, useSession } from './session';
import classes from './PersonMenu.module.css';

const kSchemes: readonly MantineColorScheme[] = ['auto', 'light', 'dark'];

/** Who one is and where one works; language, light or dark, and the way out. */
export function PersonMenu() {
  const { t } = useTranslation();
  const session = useSession();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const language = useLanguage();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const places = useQuery({
    queryKey: ['organisations'],
    queryFn: () => answer(api.GET('/organisations')),
    staleTime: 60_000,
  });
  const move = useMutation({
    mutationFn: (organisation_id: string) => answer(api.PATCH('/session', { body: { organisation_id } })),
    onSuccess: (made) => {
      takeSession(queries, made);
      void navigate('/overview');
    },
  });
  const leave = useMutation({
    mutationFn: () => answer(api.DELETE('/session')),
    // A fresh start: nothing of what was seen stays in the browser's memory.
    onSettled: () => window.location.assign('/sign-in'),
  });
  const tick = (chosen: boolean) => (chosen ? <IconCheck size={16} aria-hidden /> : null);
  const workplaces = places.data?.items ?? [];
  return (
    <Menu position="bottom-end" shadow="md" width={240}>
      <Menu.Target>
        <UnstyledButton className={classes.person}>
          <span className={classes.words}>
            <span className={classes.place}>{session.organisation}</span>
            <span className={classes.name}>{session.name}</span>
          </span>
          <IconChevronDown size={16} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {workplaces.length > 1 ? (
          <>
            <Menu.Label>{t('person.organisations')}</Menu.Label>
            {workplaces.map((place) => (
              <Menu.Item
                key={place.organisation_id} leftSection={<IconBuilding size={16} aria-hidden />}
                rightSection={tick(place.organisation_id === session.organisation_id)}
                onClick={() => move.mutate(place.organisation_id)}
              >
                {place.organisation}
              </Menu.Item>
            ))}
            <Menu.Divider />
          </>
        ) : null}
        <Menu.Label>{t('language')}</Menu.Label>
        {Object.entries(kLanguages).map(([code, name]) => (
          <Menu.Item
            key={code} lang={code} leftSection={<IconLanguage size={16} aria-hidden />}
            rightSection={tick(code === language)} onClick={() => void chooseLanguage(code as Language)}
          >
            {name}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Label>{t('scheme.title')}</Menu.Label>
        {kSchemes.map((each) => (
          <Menu.Item
            key={each} leftSection={<IconBrightnessHalf size={16} aria-hidden />}
            rightSection={tick(each === colorScheme)} onClick={() => setColorScheme(each)}
          >
            {t(`scheme.${each}`)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item component={Link} to="/you" leftSection={<IconUserCircle size={16} aria-hidden />}>
          {t('account.title')}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => leave.mutate()}>
          {t('person.sign_out')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
