import { answer, api, type Schema } from './client';

/** Puts a file among the organisation's own. */
export function uploadMedia(file: File): Promise<Schema<'Media'>> {
  return answer(api.POST('/media', {
    params: { query: { file_name: file.name } },
    headers: { 'Content-Type': 'application/octet-stream' },
    body: file as unknown as undefined, bodySerializer: (body) => body as unknown as File,
  }));
}
