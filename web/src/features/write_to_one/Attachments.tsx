import { ActionIcon, Button, FileButton, Text } from '@mantine/core';
import { IconPaperclip, IconTrash } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useLocale } from '../../lib/language/language';
import { octets } from '../../lib/number';
import { kFilesMax, kOctetsMax } from './files';
import classes from './Letter.module.css';

/** The files that go along. */
export function Attachments({ files, onChange }: { files: readonly File[]; onChange: (files: readonly File[]) => void }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const sum = files.reduce((all, { size }) => all + size, 0);
  return (
    <div>
      <FileButton multiple onChange={(picked) => onChange([...files, ...picked].slice(0, kFilesMax))}>
        {(props) => (
          <Button {...props} variant="default" size="compact-md" leftSection={<IconPaperclip size={16} aria-hidden />}>
            {t('write_to_one.attach')}
          </Button>
        )}
      </FileButton>
      <ul className={classes.files} aria-label={t('log.attachments')}>
        {files.map((file, index) => (
          <li key={`${file.name} ${index}`}>
            {file.name} <Text span c="dimmed">{octets(file.size, locale)}</Text>
            <ActionIcon
              variant="subtle" color="gray" aria-label={t('write_to_one.detach', { file: file.name })}
              onClick={() => onChange(files.filter((each) => each !== file))}
            >
              <IconTrash size={16} aria-hidden />
            </ActionIcon>
          </li>
        ))}
      </ul>
      {sum > kOctetsMax ? (
        <Text c="var(--tone-bad)" role="alert">
          {t('write_to_one.too_large', { size: octets(sum, locale), most: octets(kOctetsMax, locale) })}
        </Text>
      ) : null}
    </div>
  );
}
