import { expect, it } from 'vitest';
import { placeOf } from './finding_place';

const finding = { code: 'liquid.unknown', part: 'html', field: '/draft/html', line: 12 };

it('leads to the line', () => {
  expect(placeOf(finding)).toBe('/content?at=html&line=12');
  expect(placeOf({ ...finding, part: 'subject', line: 0 })).toBe('/content?at=subject');
  expect(placeOf({ code: 'no_sender', part: '', field: '', line: 0 })).toBe('/content?at=sender_id');
});

it('leads to the step where there is no line, and nowhere for another language', () => {
  expect(placeOf({ code: 'no_postal_address', part: '', field: '', line: 0 })).toBe('/content');
  expect(placeOf({ code: 'audience.empty', part: '', field: '/audience', line: 0 })).toBe('');
  expect(placeOf({ ...finding, field: '/variants/0/html' })).toBeNull();
});
