import { expect, it } from 'vitest';
import { clashes, fieldAt, fieldsOf, isSame, openIn, patchOf, type Campaign } from './draft_fields';

const campaign = {
  name: 'Spring', audience: { everybody: true }, rate_per_second: 0, packages: null, copy_to_me: '',
  copy_to_organisation: false, draft: { subject: 'Hello', html: '<p>\r\n</p>' },
} as unknown as Campaign;
const base = fieldsOf(campaign);

it('asks for nothing but what changed', () => {
  expect(patchOf({ subject: 'Hi', name: 'May' })).toEqual({ name: 'May', draft: { subject: 'Hi' } });
  expect(patchOf({ name: 'May' })).toEqual({ name: 'May' });
  expect(patchOf({ attachments: [{ media_id: 'm', size: 4, media_type: 'a/b' }] }))
    .toEqual({ draft: { attachments: [{ media_id: 'm' }] } });
});

it('puts together what two windows changed in different places', () => {
  const theirs = { ...base, name: 'May' };
  expect(clashes(base, { subject: 'Hi' }, theirs)).toEqual([]);
});

it('sees what two windows changed in the same place', () => {
  const theirs = { ...base, subject: 'Hey', html: 'x' };
  expect(clashes(base, { subject: 'Hi', name: 'May' }, theirs)).toEqual(['subject']);
  expect(clashes(base, { subject: 'Hey' }, theirs)).toEqual([]);
});

it('has nothing to save where both are the same', () => {
  expect(openIn({ subject: 'Hello', html: '<p>\n</p>' }, base)).toEqual({ html: '<p>\n</p>' });
});

it('does not mind the order of members', () => {
  expect(isSame({ a: [{ b: 1, c: 2 }], d: null }, { d: null, a: [{ c: 2, b: 1 }] })).toBe(true);
  expect(isSame({ a: [1, 2] }, { a: [2, 1] })).toBe(false);
});

it('finds the field that a place belongs to', () => {
  expect(fieldAt('/draft/reply_to')).toBe('reply_to');
  expect(fieldAt('/draft/attachments/0/file_name')).toBe('attachments');
  expect(fieldAt('/audience/groups/3')).toBe('audience');
  expect(fieldAt('/draft')).toBeNull();
});
