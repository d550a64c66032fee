import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answer, api, type Schema } from '../../api/client';

export type OpenSession = Schema<'OpenSession'>;

export function useProfile() {
  return useQuery({
    queryKey: ['profile'],
    queryFn: ({ signal }) => answer(api.GET('/profile', { signal })),
  });
}

export function useRename() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => answer(api.PATCH('/profile', { body: { name } })),
    onSuccess: (made) => {
      queries.setQueryData(['profile'], made);
      void queries.invalidateQueries({ queryKey: ['session'] });
    },
  });
}

export function usePasswordChange() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Schema<'PasswordChange'>) => answer(api.PUT('/profile/password', { body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['sessions'] }),
    gcTime: 0,
  });
}

export function useSessions() {
  return useQuery({
    queryKey: ['sessions'],
    queryFn: ({ signal }) => answer(api.GET('/sessions', { signal })),
  });
}

export function useSessionEnd() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answer(api.DELETE('/sessions/{id}', { params: { path: { id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ['sessions'] }),
  });
}
