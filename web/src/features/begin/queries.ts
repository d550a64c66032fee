import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answer, api } from '../../api/client';

/** Whether the example organisation can be loaded, and how far that is. */
export function useExample() {
  return useQuery({
    queryKey: ['example'],
    queryFn: ({ signal }) => answer(api.GET('/example', { signal })),
    refetchInterval: (query) => (query.state.data?.is_loading ? 300 : false),
  });
}

export function useLoadExample() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => answer(api.POST('/example')),
    onSuccess: (state) => queries.setQueryData(['example'], state),
  });
}
