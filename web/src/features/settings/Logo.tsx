import { Button, FileButton } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client';
import { uploadMedia } from '../../api/media';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useChangeOrganisation } from './queries';
import classes from './Settings.module.css';

/** As it is served here, whatever address the world knows the server by. */
const here = (url: string) => new URL(url).pathname;

/** The picture at the head of the public pages; the name stands there without one. */
export function Logo({ mediaId, name, may }: { mediaId: string | null; name: string; may: boolean }) {
  const { t } = useTranslation();
  const change = useChangeOrganisation();
  const shown = useQuery({
    queryKey: ['media', mediaId],
    enabled: mediaId !== null,
    queryFn: ({ signal }) => answer(api.GET('/media/{id}', { params: { path: { id: mediaId ?? '' } }, signal })),
  });
  const choose = useMutation({
    mutationFn: async (file: File) => change.mutateAsync({ logo_media_id: (await uploadMedia(file)).id }),
  });
  const trouble = choose.error ?? change.error ?? shown.error;
  return (
    <Sheet title={t('organisation.logo')}>
      <p className={classes.soft}>{t('organisation.means.logo')}</p>
      {mediaId !== null && shown.data
        ? <img className={classes.logo} src={here(shown.data.url)} alt={t('organisation.logo_of', { name })} /> : null}
      {trouble ? <TroubleNotice error={trouble} /> : null}
      {may ? (
        <div className={classes.actions}>
          <FileButton accept="image/png,image/jpeg,image/gif,image/webp" onChange={(file) => file && choose.mutate(file)}>
            {(props) => (
              <Button {...props} variant="default" size="compact-sm" loading={choose.isPending}>
                {t('organisation.choose_logo')}
              </Button>
            )}
          </FileButton>
          {mediaId === null ? null : (
            <Button
              variant="default" size="compact-sm" disabled={choose.isPending} loading={change.isPending && !choose.isPending}
              onClick={() => change.mutate({ logo_media_id: null })}
            >
              {t('settings.remove')}
            </Button>
          )}
        </div>
      ) : null}
    </Sheet>
  );
}
