import { describe, expect, it } from 'vitest';
import { asksFor, asWhole, begun, isWhole, joined, joinedRule, kindOf, negatedIf, numberOf, plain, withOperator, type Rule } from './rule';

const name: Rule = { type: 'field', field: 'name', operator: 'is', value: 'Ada' };

describe('joined rules', () => {
  it('are read and written back as they were', () => {
    for (const join of ['all', 'any', 'none', 'not_all'] as const) {
      const rule = joinedRule({ join, rules: [name] });
      expect(joined(rule)).toEqual({ join, rules: [name] });
    }
    expect(joined(name)).toBeNull();
    expect(asWhole(name)).toEqual({ join: 'all', rules: [name] });
  });

  it('take a negation off a condition and put it on again', () => {
    const group = begun('group');
    expect(plain(negatedIf(group, true))).toEqual({ condition: group, negated: true });
    expect(plain({ type: 'not', rule: negatedIf(group, true) })).toEqual({ condition: group, negated: false });
  });
});

describe('a condition', () => {
  it('keeps what was typed when its operator changes', () => {
    const rule = { type: 'field' as const, field: 'name', operator: 'is' as const, value: 'Ada' };
    expect(withOperator(rule, 'one_of')).toEqual({ type: 'field', field: 'name', operator: 'one_of', values: ['Ada'] });
    expect(withOperator(withOperator(rule, 'one_of'), 'contains').value).toBe('Ada');
    expect(withOperator(rule, 'empty')).toEqual({ type: 'field', field: 'name', operator: 'empty' });
  });

  it('knows the kind of its field', () => {
    expect(kindOf('created_at', [])).toBe('date');
    expect(kindOf('fields.fee', [{ name: 'fee', type: 'number' }])).toBe('number');
    expect(kindOf('fields.size', [{ name: 'size', type: 'choice' }])).toBe('text');
  });

  it('is not whole while it says nothing', () => {
    expect(isWhole(begun('field'))).toBe(false);
    expect(isWhole({ type: 'all', rules: [name, begun('group')] })).toBe(false);
    expect(isWhole({ type: 'all', rules: [name, begun('message')] })).toBe(true);
  });

  it('leaves a half-typed number alone', () => {
    expect(numberOf('12,5')).toBe(12.5);
    expect(numberOf('12,')).toBe('12,');
  });
});

it('finds the segment that a rule asks for, however deep', () => {
  const rule: Rule = { type: 'any', rules: [name, { type: 'relation', side: 'of',
    who: { type: 'not', rule: { type: 'segment', segment: 'abc' } } }] };
  expect(asksFor(rule, 'abc')).toBe(true);
  expect(asksFor(rule, 'def')).toBe(false);
});
