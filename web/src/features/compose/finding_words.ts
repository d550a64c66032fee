// A finding in the reader's language. The server's own sentence says more, and is what an unknown
// code is told by.
import { useTranslation } from 'react-i18next';
import { amount } from '../../lib/number';
import { useLocale } from '../../lib/language/language';

interface Told {
  code: string;
  sentence: string; // the server's
  what: string;
  count: number;
}

export interface FindingWords {
  words: string;
  /** The server's sentence, where it says which of several reasons it is. */
  inFull: string | null;
}

const kOfSeveralReasons = new Set([
  'liquid.syntax', 'liquid.render', 'unknown_tag', 'broken_link', 'broken_image', 'return_path',
  'attachments_too_large', 'bad_reply_to', 'empty_value',
]);

export const findingKey = (code: string) => code.replaceAll('.', '_');

export function useFindingWords(): (told: Told) => FindingWords {
  const { t, i18n } = useTranslation();
  const locale = useLocale();
  return ({ code, sentence, what, count }) => {
    const key = `compose.finding.${findingKey(code)}`;
    if (!i18n.exists(key, { count: 2 })) return { words: sentence, inFull: null };
    const bare = `${key}_bare`;
    const tag = `compose.tag.contact_${what}`;
    const name = code === 'empty_value' && i18n.exists(tag) ? t(tag as 'compose.tag.contact_name') : what;
    const chosen = what === '' && i18n.exists(bare) ? bare : key;
    return {
      words: t(chosen as 'compose.finding.empty_value', { what: name, count, amount: amount(count, locale) }),
      inFull: kOfSeveralReasons.has(code) ? sentence : null,
    };
  };
}
