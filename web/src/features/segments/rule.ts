// The rule of a segment as the rows of a screen: joined conditions, each perhaps negated. Pure.
import type { Schema } from '../../api/client';

export type Rule = Schema<'SegmentRule'>;
export type FieldRule = Schema<'RuleField'>;
export type Operator = FieldRule['operator'];
export type Condition = Exclude<Rule, { type: 'all' | 'any' | 'not' }>;
export type Subject = Condition['type'];

/** Several rules under one word. */
export interface Joined {
  join: 'all' | 'any' | 'none' | 'not_all';
  rules: readonly Rule[];
}

/** A rule that joins others, however it is written; null for a condition. */
export function joined(rule: Rule): Joined | null {
  if (rule.type === 'all' || rule.type === 'any') return { join: rule.type, rules: rule.rules };
  if (rule.type !== 'not') return null;
  if (rule.rule.type === 'any') return { join: 'none', rules: rule.rule.rules };
  return rule.rule.type === 'all' ? { join: 'not_all', rules: rule.rule.rules } : null;
}

export function joinedRule({ join, rules }: Joined): Rule {
  switch (join) {
    case 'all': return { type: 'all', rules: [...rules] };
    case 'any': return { type: 'any', rules: [...rules] };
    case 'none': return { type: 'not', rule: { type: 'any', rules: [...rules] } };
    case 'not_all': return { type: 'not', rule: { type: 'all', rules: [...rules] } };
  }
}

/** A rule as the whole of a segment: always joined. */
export function asWhole(rule: Rule): Joined {
  return joined(rule) ?? { join: 'all', rules: [rule] };
}

/** A condition without its negations, and whether it is negated. */
export function plain(rule: Rule): { condition: Condition; negated: boolean } {
  let negated = false;
  let inner = rule;
  while (inner.type === 'not') {
    negated = !negated;
    inner = inner.rule;
  }
  if (inner.type === 'all' || inner.type === 'any') throw new Error('joined rules are no condition');
  return { condition: inner, negated };
}

export function negatedIf(condition: Condition, negated: boolean): Rule {
  return negated ? { type: 'not', rule: condition } : condition;
}

export type Kind = 'text' | 'number' | 'date' | 'boolean';

export const kStandardFields = {
  name: 'text', first_name: 'text', last_name: 'text', email: 'text', phone: 'text', external_id: 'text',
  locale: 'text', time_zone: 'text', created_at: 'date', last_interaction_at: 'date', do_not_contact: 'boolean',
} as const satisfies Record<string, Kind>;
export type StandardField = keyof typeof kStandardFields;

export const kOperators: Record<Kind, readonly Operator[]> = {
  text: ['is', 'is_not', 'contains', 'not_contains', 'starts_with', 'ends_with', 'one_of', 'none_of', 'empty', 'not_empty'],
  number: ['is', 'is_not', 'less', 'at_most', 'more', 'at_least', 'between', 'empty', 'not_empty'],
  date: ['in_last_days', 'in_next_days', 'before', 'after', 'between', 'empty', 'not_empty'],
  boolean: ['is_true', 'is_false', 'empty', 'not_empty'],
};

/** What kind of value a field holds. `own` are the organisation's fields. */
export function kindOf(field: string, own: readonly Pick<Schema<'CustomField'>, 'name' | 'type'>[]): Kind {
  if (field in kStandardFields) return kStandardFields[field as StandardField];
  const type = own.find(({ name }) => `fields.${name}` === field)?.type;
  return type === 'number' || type === 'date' || type === 'boolean' ? type : 'text';
}

export type Takes = 'nothing' | 'one' | 'list' | 'two' | 'days';

export function takes(operator: Operator): Takes {
  if (['empty', 'not_empty', 'is_true', 'is_false'].includes(operator)) return 'nothing';
  if (operator === 'one_of' || operator === 'none_of') return 'list';
  if (operator === 'between') return 'two';
  return operator === 'in_last_days' || operator === 'in_next_days' ? 'days' : 'one';
}

/** The field with another operator; what was typed stays where it still fits. */
export function withOperator(rule: FieldRule, operator: Operator): FieldRule {
  const base = { type: 'field' as const, field: rule.field, operator };
  const needs = takes(operator);
  if (needs === 'one') return { ...base, value: rule.value ?? rule.values?.[0] ?? '' };
  if (needs === 'list') return { ...base, values: rule.values ?? (rule.value ? [rule.value] : []) };
  if (needs === 'two') return { ...base, values: [rule.values?.[0] ?? rule.value ?? '', rule.values?.[1] ?? ''] };
  return needs === 'days' ? { ...base, days: rule.days ?? 30 } : base;
}

/** A number as it was typed, so that "1," can be typed on; what is none stays text. */
export function numberOf(text: string): string | number {
  const plainText = text.trim().replace(',', '.');
  return /^-?\d+(\.\d+)?$/.test(plainText) ? Number(plainText) : text;
}

/** What a new condition begins with. */
export function begun(subject: Subject): Condition {
  switch (subject) {
    case 'field': return { type: 'field', field: 'name', operator: 'contains', value: '' };
    case 'group': return { type: 'group', groups: [] };
    case 'segment': return { type: 'segment', segment: '' };
    case 'relation': return { type: 'relation', side: 'has' };
    case 'message': return { type: 'message', fact: 'opened' };
    case 'activity': return { type: 'activity' };
  }
}

function fieldIsWhole(rule: FieldRule): boolean {
  const filled = (value: string | number | undefined) => value !== undefined && String(value).trim() !== '';
  switch (takes(rule.operator)) {
    case 'nothing': return true;
    case 'one': return filled(rule.value);
    case 'list': return (rule.values ?? []).length > 0;
    case 'two': return filled(rule.values?.[0]) && filled(rule.values?.[1]);
    case 'days': return (rule.days ?? 0) >= 1;
  }
}

/** Whether every row says what it is about. */
export function isWhole(rule: Rule): boolean {
  switch (rule.type) {
    case 'all': case 'any': return rule.rules.every(isWhole);
    case 'not': return isWhole(rule.rule);
    case 'field': return fieldIsWhole(rule);
    case 'group': return rule.groups.length > 0;
    case 'segment': return rule.segment !== '';
    case 'relation': return rule.who === undefined || isWhole(rule.who);
    case 'message': case 'activity': return true;
  }
}

/** Whether a rule asks for this segment. */
export function asksFor(rule: Rule, segment: string): boolean {
  switch (rule.type) {
    case 'all': case 'any': return rule.rules.some((each) => asksFor(each, segment));
    case 'not': return asksFor(rule.rule, segment);
    case 'relation': return rule.who !== undefined && asksFor(rule.who, segment);
    case 'segment': return rule.segment === segment;
    default: return false;
  }
}
