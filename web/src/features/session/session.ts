// Who is signed in, and what they may do.
import { useQuery, type QueryClient } from '@tanstack/react-query';
import { answer, api, type Schema } from '../../api/client';
import { isTrouble } from '../../api/trouble';

export type Session = Schema<'Session'>;
export type Permission = Schema<'Permission'>;

const kKey = ['session'];

async function fetchSession(): Promise<Session | null> {
  try {
    return await answer(api.GET('/session'));
  } catch (error) {
    if (isTrouble(error) && error.status === 401) return null;
    throw error;
  }
}

/** Null: nobody is signed in. */
export function useSessionQuery() {
  return useQuery({ queryKey: kKey, queryFn: fetchSession, staleTime: 60_000 });
}

/** Within NeedsSession, where somebody is signed in. */
export function useSession(): Session {
  const { data } = useSessionQuery();
  if (!data) throw new Error('a screen for the signed-in outside of NeedsSession');
  return data;
}

export function useMay(permission: Permission): boolean {
  return useSession().permissions.includes(permission);
}

/** Another person or organisation: nothing of the one before stays. */
export function takeSession(queries: QueryClient, session: Session | null): void {
  queries.removeQueries({ predicate: (query) => query.queryKey[0] !== kKey[0] });
  queries.setQueryData(kKey, session);
}

export function forgetSession(queries: QueryClient): void {
  if (queries.getQueryData(kKey) !== null) queries.setQueryData(kKey, null);
}
