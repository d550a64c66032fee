// What is the matter with an address, and what to do, in the reader's language: ours for what happens
// often, else the server's own sentence.
import { useTranslation } from 'react-i18next';
import type { AddressProblem } from './queries';

type Told = Pick<AddressProblem, 'reason' | 'why' | 'what_to_do'>;

export function useProblemWords(): { why: (problem: Told) => string; whatToDo: (problem: Told) => string } {
  const { t, i18n } = useTranslation();
  const word = (group: 'why' | 'todo', problem: Told, otherwise: string) => {
    const key = `problems.${group}.${problem.reason}`;
    return i18n.exists(key) ? t(key as 'problems.why.userunknown') : otherwise;
  };
  return {
    why: (problem) => word('why', problem, problem.why),
    whatToDo: (problem) => word('todo', problem, problem.what_to_do),
  };
}
