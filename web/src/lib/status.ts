// The statuses of messages and the states of campaigns (P37): one tone each, on every screen, and
// the sign that goes with it stands in ui/StatusMark. Pure.

export const kMessageStatuses = [
  'queued', 'sending', 'deferred', 'sent', 'delivered', 'opened', 'clicked', 'bounced',
  'marked as spam', 'unsubscribed', 'dropped', 'skipped', 'failed', 'held', 'cancelled',
  'uncertain',
] as const;
export type MessageStatus = (typeof kMessageStatuses)[number];

export const kCampaignStates = [
  'draft', 'scheduled', 'running', 'paused', 'finished', 'finished with errors',
] as const;
export type CampaignState = (typeof kCampaignStates)[number];

// Of what people answered.
export const kReceived = 'received';

export type StatusWord = MessageStatus | CampaignState | typeof kReceived;

export type Tone = 'plain' | 'busy' | 'good' | 'best' | 'warn' | 'bad' | 'off';

const tones: Record<StatusWord, Tone> = {
  queued: 'plain',
  sending: 'busy',
  deferred: 'warn',
  sent: 'good',
  delivered: 'good',
  opened: 'best',
  clicked: 'best',
  bounced: 'bad',
  'marked as spam': 'bad',
  unsubscribed: 'off',
  dropped: 'off',
  skipped: 'off',
  failed: 'bad',
  held: 'warn',
  cancelled: 'off',
  uncertain: 'warn',
  draft: 'plain',
  scheduled: 'plain',
  running: 'busy',
  paused: 'warn',
  finished: 'good',
  'finished with errors': 'warn',
  received: 'good',
};

const words: readonly string[] = Object.keys(tones);

export function isStatusWord(word: string): word is StatusWord {
  return words.includes(word);
}

export function toneOf(word: StatusWord): Tone {
  return tones[word];
}

/** As a key of the catalogue: "marked as spam" is marked_as_spam. */
export function statusKey<Word extends StatusWord>(word: Word): Underscored<Word> {
  return word.replaceAll(' ', '_') as Underscored<Word>;
}

export type Underscored<Text extends string> = Text extends `${infer Head} ${infer Tail}`
  ? `${Head}_${Underscored<Tail>}`
  : Text;
