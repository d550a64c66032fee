import { Button, Menu, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { IconBrightnessHalf, IconCheck } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';

const kSchemes: readonly MantineColorScheme[] = ['auto', 'light', 'dark'];

export function SchemeMenu() {
  const { t } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu position="top-start" shadow="md">
      <Menu.Target>
        <Button
          variant="subtle" color="gray" size="compact-sm" c="var(--ink-soft)"
          leftSection={<IconBrightnessHalf size={16} aria-hidden />}
          aria-label={`${t('scheme.title')}: ${t(`scheme.${colorScheme}`)}`}
        >
          {t(`scheme.${colorScheme}`)}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {kSchemes.map((each) => (
          <Menu.Item
            key={each}
            rightSection={each === colorScheme ? <IconCheck size={16} aria-hidden /> : null}
            onClick={() => setColorScheme(each)}
          >
            {t(`scheme.${each}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
