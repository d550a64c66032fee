/**
 * Where to go after signing in: a path of ours, or the beginning. Anything that a browser could take
 * for another host ("//evil.example", "/\evil") is not followed. Pure.
 */
export function wayBack(wanted: string | null): string {
  if (!wanted || !/^\/(?![/\\])[\x21-\x7e]*$/.test(wanted) || wanted.includes('\\')) return '/overview';
  return /^\/(sign-in|welcome)\b/.test(wanted) ? '/overview' : wanted;
}
