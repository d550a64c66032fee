import { Button, Menu } from '@mantine/core';
import { IconCheck, IconLanguage } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { chooseLanguage, kLanguages, useLanguage, type Language } from '../lib/language/language';

export function LanguageMenu() {
  const { t } = useTranslation();
  const language = useLanguage();
  return (
    <Menu position="top-start" shadow="md">
      <Menu.Target>
        <Button
          variant="subtle" color="gray" size="compact-sm" c="var(--ink-soft)"
          leftSection={<IconLanguage size={16} aria-hidden />}
          aria-label={`${t('language')}: ${kLanguages[language]}`}
        >
          {kLanguages[language]}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {Object.entries(kLanguages).map(([code, name]) => (
          <Menu.Item
            key={code} lang={code}
            rightSection={code === language ? <IconCheck size={16} aria-hidden /> : null}
            onClick={() => void chooseLanguage(code as Language)}
          >
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
