import type { Finding } from './queries';

const kOfCode: Record<string, string> = {
  no_sender: 'sender_id', sender_unverified: 'sender_id', bad_reply_to: 'reply_to',
};

/** Where a finding can be mended, as the rest of the address of a step; null for nowhere here. Pure. */
export function placeOf({ code, part, field, line }: Pick<Finding, 'code' | 'part' | 'field' | 'line'>): string | null {
  if (field.startsWith('/variants')) return null;
  if (code.startsWith('audience') || field.startsWith('/audience')) return '';
  const at = kOfCode[code] ?? (['subject', 'preheader', 'html', 'text'].includes(part) ? part : '');
  if (at === '') return '/content';
  return `/content?at=${at}${line > 0 ? `&line=${line}` : ''}`;
}
