import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answer, api, textAnswer, type Schema } from '../../api/client';
import { fromCsv } from './csv';

export type Import = Schema<'Import'>;

export function useImports() {
  return useInfiniteQuery({
    queryKey: ['imports'],
    queryFn: ({ pageParam, signal }) => answer(api.GET('/imports', {
      params: { query: { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } }, signal,
    })),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function isUnderWay(each: Import | undefined): boolean {
  return each?.state === 'waiting' || each?.state === 'running';
}

/** An import; while it is under way, how far it is. */
export function useImport(id: string) {
  return useQuery({
    queryKey: ['import', id],
    queryFn: ({ signal }) => answer(api.GET('/imports/{import_id}', { params: { path: { import_id: id } }, signal })),
    refetchInterval: (query) => (isUnderWay(query.state.data) ? 600 : false),
  });
}

export function useUpload() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ content, name }: { content: Blob; name: string }) => answer(api.POST('/imports', {
      params: { query: { file_name: name.slice(0, 200) } }, headers: { 'Content-Type': 'text/csv' },
      body: content as never, bodySerializer: (body: unknown) => body as Blob,
    })),
    onSuccess: (made) => queries.setQueryData(['import', made.id], made),
  });
}

const kActions = { start: '/imports/{import_id}/start', cancel: '/imports/{import_id}/cancel' } as const;

export function useImportAction(id: string, action: keyof typeof kActions) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => answer(api.POST(kActions[action], { params: { path: { import_id: id } } })),
    onSuccess: (made) => {
      queries.setQueryData(['import', id], made);
      void queries.invalidateQueries({ queryKey: ['imports'] });
    },
  });
}

/** What an import brought, or took back, is seen everywhere. */
export function useRefreshPeople() {
  const queries = useQueryClient();
  return () => {
    for (const key of ['contacts', 'contact', 'groups', 'group', 'imports', 'import', 'custom-fields']) {
      void queries.invalidateQueries({ queryKey: [key] });
    }
  };
}

const kReportMost = 100_000; // octets; all of it is a download

/** The first findings of an import. */
export function useFindings(id: string, enabled: boolean) {
  return useQuery({
    queryKey: ['import', id, 'findings'],
    enabled,
    queryFn: async () => {
      const [, ...rows] = fromCsv(await textAnswer(`/api/v1/imports/${id}/report`, kReportMost));
      return rows.slice(0, 100).map(([line = '', field = '', value = '', result = '', reason = ''], at) =>
        ({ at, line, field, value, result, reason }));
    },
  });
}
