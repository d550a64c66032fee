// A plain letter to begin with: readable everywhere, with what every mailing must have. Pure.

export interface LetterWords {
  greeting: string; // "Dear"
  friend: string; // for those without a first name
  text: string;
  regards: string;
  unsubscribe: string;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

export function simpleLetter(words: LetterWords): string {
  const { greeting, friend, text, regards, unsubscribe } = words;
  return `<div style="max-width: 600px; margin: 0 auto; padding: 16px; font: 16px/1.5 Georgia, serif; color: #222;">
  <p>${escaped(greeting)} {{ contact.first_name | default: "${friend.replaceAll('"', '')}" }},</p>
  <p>${escaped(text)}</p>
  <p>${escaped(regards)}<br>{{ organisation.name }}</p>
  <p style="margin-top: 32px; font-size: 13px; color: #666;">
    {{ organisation.name }}, {{ organisation.postal_address }}<br>
    <a href="{{ unsubscribe_url }}" style="color: #666;">${escaped(unsubscribe)}</a>
  </p>
</div>
`;
}
