// Files a person picked, as the API takes them.
import type { Schema } from '../../api/client';

/** What a message may carry as it is picked; base64 makes a third more of it. */
export const kFilesMax = 20;
export const kOctetsMax = 18_000_000;

export async function attachmentsOf(files: readonly File[]): Promise<Schema<'MessageAttachment'>[]> {
  return Promise.all(files.map(async (file) => ({ file_name: file.name.slice(0, 200), content: await base64(file) })));
}

function base64(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onerror = () => reject(reader.error ?? new Error('the file cannot be read'));
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,?/, ''));
    reader.readAsDataURL(file);
  });
}
