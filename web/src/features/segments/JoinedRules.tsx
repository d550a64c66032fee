import { ActionIcon, Button, NativeSelect } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { FieldCondition } from './FieldCondition';
import {
  ActivityCondition, GroupCondition, MessageCondition, RelationCondition, SegmentCondition,
} from './OtherConditions';
import { begun, joined, joinedRule, asWhole, negatedIf, plain, type Condition, type Joined, type Rule, type Subject } from './rule';
import classes from './Rules.module.css';

const kSubjects = ['field', 'group', 'message', 'activity', 'relation', 'segment'] as const satisfies readonly Subject[];
const kJoins = ['all', 'any', 'none', 'not_all'] as const;
const kDepthMax = 8; // the server's limit is 10, counted with the conditions

interface RowProps {
  rule: Rule;
  depth: number;
  segment: string | null; // the one that is being written
  onChange: (rule: Rule) => void;
  onRemove: () => void;
}

function Parts({ condition, depth, segment, onChange }: {
  condition: Condition;
  depth: number;
  segment: string | null;
  onChange: (condition: Condition) => void;
}) {
  switch (condition.type) {
    case 'field': return <FieldCondition rule={condition} onChange={onChange} />;
    case 'group': return <GroupCondition rule={condition} onChange={onChange} />;
    case 'segment': return <SegmentCondition rule={condition} onChange={onChange} except={segment} />;
    case 'message': return <MessageCondition rule={condition} onChange={onChange} />;
    case 'activity': return <ActivityCondition rule={condition} onChange={onChange} />;
    case 'relation':
      return (
        <RelationCondition rule={condition} onChange={onChange} who={(rule, change) => (
          <JoinedRules
            whole={asWhole(rule)} depth={depth + 1} segment={segment} onChange={(next) => change(joinedRule(next))}
            onRemove={() => {
              const { who: _, ...rest } = condition;
              onChange(rest);
            }}
          />
        )} />
      );
  }
}

function Row({ rule, depth, segment, onChange, onRemove }: RowProps) {
  const { t } = useTranslation();
  const group = joined(rule);
  if (group) {
    return (
      <JoinedRules
        whole={group} depth={depth + 1} segment={segment} onChange={(next) => onChange(joinedRule(next))}
        onRemove={onRemove}
      />
    );
  }
  const { condition, negated } = plain(rule);
  return (
    <div className={classes.row}>
      <div className={classes.parts}>
        <NativeSelect
          aria-label={t('segments.about')} value={`${condition.type}${negated ? ' not' : ''}`}
          data={kSubjects.flatMap((subject) => {
            const yes = { value: subject, label: t(`segments.subject.${subject}`) };
            // The operators of a field have their opposites themselves.
            if (subject === 'field' && !(negated && condition.type === 'field')) return [yes];
            return [yes, { value: `${subject} not`, label: t(`segments.subject_not.${subject}`) }];
          })}
          onChange={(event) => {
            const [subject, not] = event.currentTarget.value.split(' ');
            onChange(negatedIf(subject === condition.type ? condition : begun(subject as Subject), not !== undefined));
          }}
        />
        <Parts
          condition={condition} depth={depth} segment={segment} onChange={(next) => onChange(negatedIf(next, negated))}
        />
      </div>
      <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('segments.remove')} onClick={onRemove}>
        <IconTrash size={18} aria-hidden />
      </ActionIcon>
    </div>
  );
}

interface Props {
  whole: Joined;
  depth: number;
  segment: string | null;
  onChange: (whole: Joined) => void;
  onRemove?: () => void;
}

/** Conditions under one word, and further such groups among them. */
export function JoinedRules({ whole, depth, segment, onChange, onRemove }: Props) {
  const { t } = useTranslation();
  const put = (rules: readonly Rule[]) => onChange({ ...whole, rules });
  const add = (rule: Rule) => put([...whole.rules, rule]);
  return (
    <div className={`${classes.joined} ${depth > 0 ? classes.inner : ''}`} role="group" aria-label={t(`segments.join.${whole.join}`)}>
      <div className={classes.head}>
        <NativeSelect
          aria-label={t('segments.how_joined')} value={whole.join}
          data={kJoins.map((value) => ({ value, label: t(`segments.join.${value}`) }))}
          onChange={(event) => onChange({ ...whole, join: event.currentTarget.value as Joined['join'] })}
        />
        {onRemove ? (
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('segments.remove_group')} onClick={onRemove}>
            <IconTrash size={18} aria-hidden />
          </ActionIcon>
        ) : null}
      </div>
      {whole.rules.map((rule, index) => (
        <Row
          // Rows have no names of their own; all they hold comes from the rule.
          key={index} rule={rule} depth={depth} segment={segment}
          onChange={(next) => put(whole.rules.map((each, at) => (at === index ? next : each)))}
          onRemove={() => put(whole.rules.filter((_, at) => at !== index))}
        />
      ))}
      <div>
        <Button
          variant="subtle" size="compact-md" leftSection={<IconPlus size={15} aria-hidden />}
          onClick={() => add(begun('field'))}
        >
          {t('segments.add')}
        </Button>
        {depth < kDepthMax ? (
          <Button
            variant="subtle" size="compact-md" leftSection={<IconPlus size={15} aria-hidden />}
            onClick={() => add({ type: 'any', rules: [begun('field'), begun('field')] })}
          >
            {t('segments.add_group')}
          </Button>
        ) : null}
      </div>
    </div>
  );
}
