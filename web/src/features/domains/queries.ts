import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answer, api, type Schema } from '../../api/client';

export type Domain = Schema<'Domain'>;
export type Finding = Schema<'DomainFinding'>;

export function useDomains() {
  return useQuery({
    queryKey: ['domains'],
    queryFn: ({ signal }) => answer(api.GET('/domains', { signal })),
  });
}

export function useDomain(id: string) {
  return useQuery({
    queryKey: ['domain', id],
    queryFn: ({ signal }) => answer(api.GET('/domains/{domain_id}', { params: { path: { domain_id: id } }, signal })),
  });
}

function useDomainChanged() {
  const queries = useQueryClient();
  return (made?: Domain) => {
    if (made) queries.setQueryData(['domain', made.id], made);
    for (const key of ['domains', 'problem-counts', 'senders']) void queries.invalidateQueries({ queryKey: [key] });
  };
}

export function useAddDomain() {
  return useMutation({
    mutationFn: (body: Schema<'DomainCreation'>) => answer(api.POST('/domains', { body })),
    onSuccess: useDomainChanged(),
  });
}

export function useCheckDomain() {
  return useMutation({
    mutationFn: (id: string) => answer(api.POST('/domains/{domain_id}/check', { params: { path: { domain_id: id } } })),
    onSuccess: useDomainChanged(),
  });
}

export function useReturnPath(id: string) {
  return useMutation({
    mutationFn: (return_path_domain: string) => answer(api.PATCH('/domains/{domain_id}', {
      params: { path: { domain_id: id } }, body: { return_path_domain },
    })),
    onSuccess: useDomainChanged(),
  });
}

export function useNewKeys(id: string) {
  return useMutation({
    mutationFn: () => answer(api.POST('/domains/{domain_id}/keys', { params: { path: { domain_id: id } } })),
    onSuccess: useDomainChanged(),
  });
}

export function useRemoveDomain(id: string) {
  const changed = useDomainChanged();
  return useMutation({
    mutationFn: () => answer<unknown>(api.DELETE('/domains/{domain_id}', { params: { path: { domain_id: id } } })),
    onSuccess: () => changed(),
  });
}
