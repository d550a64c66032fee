import { DomainTable } from '../domains/DomainTable';
import { ProblemsHead } from './ProblemsHead';

export function Component() {
  return (
    <>
      <ProblemsHead />
      <DomainTable />
    </>
  );
}
