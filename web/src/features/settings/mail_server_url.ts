// A mail server as its form has it, and as the API's URL says it. Pure.
//   smtp://USER@HOST:587 (encrypted by STARTTLS), smtps://USER@HOST:465, mx:, sandbox:

export interface MailServerForm {
  kind: 'smtp' | 'smtps' | 'mx' | 'sandbox';
  host: string;
  port: string;
  user: string;
}

export const kUsualPort = { smtp: '587', smtps: '465' } as const;

export function urlOf(form: MailServerForm): string {
  if (form.kind === 'mx') return 'mx:';
  if (form.kind === 'sandbox') return 'sandbox:';
  const user = form.user ? `${encodeURIComponent(form.user)}@` : '';
  return `${form.kind}://${user}${form.host.trim()}${form.port ? `:${form.port}` : ''}`;
}

/** Null for a URL with more in it than the form shows: it is edited as it is. */
export function formOf(url: string): MailServerForm | null {
  if (url === 'mx:' || url === 'sandbox:') return { kind: url === 'mx:' ? 'mx' : 'sandbox', host: '', port: '', user: '' };
  const found = /^(smtps?):\/\/(?:([^@/?]*)@)?([^@/?:]+|\[[^\]]+\])(?::(\d+))?$/.exec(url);
  if (!found) return null;
  const [, kind, user = '', host = '', port = ''] = found;
  try {
    return { kind: kind === 'smtps' ? 'smtps' : 'smtp', host, port, user: decodeURIComponent(user) };
  } catch {
    return null;
  }
}
