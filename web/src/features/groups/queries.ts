import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answer, api, ifMatch, taggedAnswer, type Schema } from '../../api/client';

export type Group = Schema<'Group'>;
export type ContactFilter = Schema<'ContactFilter'>;

export function useGroupList(search: string) {
  return useInfiniteQuery({
    queryKey: ['groups', 'list', search],
    queryFn: ({ pageParam, signal }) => answer(api.GET('/groups', {
      params: { query: { limit: 100, ...(search ? { search } : {}), ...(pageParam ? { cursor: pageParam } : {}) } },
      signal,
    })),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function useGroup(id: string) {
  return useQuery({
    queryKey: ['group', id],
    queryFn: ({ signal }) => taggedAnswer(api.GET('/groups/{group_id}', { params: { path: { group_id: id } }, signal })),
  });
}

function useRefresh() {
  const queries = useQueryClient();
  return () => {
    for (const key of ['groups', 'group', 'contacts', 'contact']) void queries.invalidateQueries({ queryKey: [key] });
  };
}

export function useGroupCreation() {
  const onSuccess = useRefresh();
  return useMutation({
    mutationFn: (name: string) => answer(api.POST('/groups', { body: { name } })),
    onSuccess,
  });
}

export function useGroupChange(id: string, tag: string) {
  const onSuccess = useRefresh();
  return useMutation({
    mutationFn: (name: string) => answer(api.PATCH('/groups/{group_id}', {
      params: { path: { group_id: id }, header: ifMatch(tag) }, body: { name },
    })),
    onSuccess,
  });
}

export function useGroupDeletion(id: string) {
  const onSuccess = useRefresh();
  return useMutation({
    mutationFn: () => answer(api.DELETE('/groups/{group_id}', { params: { path: { group_id: id } } })),
    onSuccess,
  });
}

/** Some contacts, or all that pass a filter. */
export type Whom = { contact_ids: string[] } | { filter: ContactFilter };

/** Adds or removes members, call by call until all are done; answers how many were different. */
export function useMembership() {
  const onSettled = useRefresh();
  return useMutation({
    mutationFn: async ({ group, whom, how }: { group: string; whom: Whom; how: 'add' | 'remove' }) => {
      const params = { path: { group_id: group } };
      let cursor: string | null = null;
      let changed = 0;
      do {
        const body = { ...whom, ...(cursor ? { cursor } : {}) };
        const done: Schema<'GroupMembersChanged'> = await answer(how === 'add'
          ? api.POST('/groups/{group_id}/members', { params, body })
          : api.POST('/groups/{group_id}/members/remove', { params, body }));
        changed += done.changed;
        cursor = done.next_cursor;
      } while (cursor);
      return changed;
    },
    onSettled,
  });
}
