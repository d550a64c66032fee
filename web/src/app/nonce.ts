/** What the page's policy lets style elements in with; made anew for each answer of the server. */
export function styleNonce(): string {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]');
  return meta?.content ?? '';
}
