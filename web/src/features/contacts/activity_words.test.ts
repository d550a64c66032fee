import { expect, it } from 'vitest';
import { dataText } from './activity_words';

it('puts the data of an activity on one line, without what is empty', () => {
  expect(dataText({ amount: 12.5, order_number: 'A-17', note: null, fields: ['town', 'name'] }))
    .toBe('amount: 12.5 · order number: A-17 · fields: town, name');
});
