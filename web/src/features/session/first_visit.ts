import { useQuery } from '@tanstack/react-query';
import { answer, api } from '../../api/client';

/** Whether nobody works here yet, so that the first visitor begins. */
export function useFirstVisit() {
  return useQuery({
    queryKey: ['first-visit'],
    queryFn: () => answer(api.GET('/first-visit')),
    staleTime: Infinity,
  });
}
