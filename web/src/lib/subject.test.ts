import { expect, it } from 'vitest';
import { readableSubject } from './subject';

it('says what stands in a tag instead of the tag', () => {
  expect(readableSubject('Light over the water, {{ contact.first_name | default: "friend" }}'))
    .toBe('Light over the water, [first name]');
  expect(readableSubject('Your ticket {{ data.ticket }}{% if contact.paid %} (paid){% endif %}'))
    .toBe('Your ticket [ticket] (paid)');
});

it('leaves an ordinary subject as it is', () => {
  expect(readableSubject('Minutes {of the} meeting')).toBe('Minutes {of the} meeting');
});
