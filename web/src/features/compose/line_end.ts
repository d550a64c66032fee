/**
 * What an editor takes for the end of a line so that it gives back what it was given: CR LF where
 * every line ends so, else LF, and a CR besides is a character of its line. Pure.
 */
export function lineEndOf(text: string): '\r\n' | '\n' {
  return text.includes('\r\n') && !/(^|[^\r])\n/.test(text) ? '\r\n' : '\n';
}
