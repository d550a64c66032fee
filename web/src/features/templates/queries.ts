import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answer, api, type Schema } from '../../api/client';

export type Template = Schema<'Template'>;
export type TemplateSummary = Schema<'TemplateSummary'>;
type Sort = 'changed_at' | '-changed_at' | 'name' | '-name';

export interface Loaded {
  template: Template;
  tag: string; // of this version, for If-Match
}

export function useTemplateList(sort: string) {
  return useInfiniteQuery({
    queryKey: ['templates', 'list', sort],
    queryFn: ({ pageParam, signal }) => answer(api.GET('/templates', {
      params: { query: { sort: sort as Sort, limit: 200, ...(pageParam ? { cursor: pageParam } : {}) } }, signal,
    })),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

async function load(id: string): Promise<Loaded> {
  const call = api.GET('/templates/{id}', { params: { path: { id } } });
  const template = await answer(call);
  return { template, tag: (await call).response.headers.get('ETag') ?? '' };
}

export function useTemplate(id: string) {
  return useQuery({ queryKey: ['template', id], queryFn: () => load(id), refetchOnWindowFocus: false });
}

export function useTemplateVersions(id: string) {
  return useQuery({
    queryKey: ['template', id, 'versions'],
    queryFn: ({ signal }) => answer(api.GET('/templates/{id}/versions', {
      params: { path: { id }, query: { limit: 50 } }, signal,
    })),
  });
}

export function useTemplatePreview(draft: Schema<'Draft'>, contact: string | null) {
  return useQuery({
    queryKey: ['template-preview', draft, contact],
    queryFn: () => answer(api.POST('/previews', { body: { draft, contact_id: contact } })),
    placeholderData: keepPreviousData,
  });
}

/** A change of the templates, after which their lists and pages are asked for again. */
function useTemplateChange<Wish, Made>(call: (wish: Wish) => Promise<Made>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: call,
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['templates'] });
      void queries.invalidateQueries({ queryKey: ['template'] });
    },
  });
}

export function useMakeTemplate() {
  return useTemplateChange((body: Schema<'TemplateFields'>) => answer(api.POST('/templates', { body })));
}

export function useChangeTemplate(id: string) {
  return useTemplateChange(({ tag, ...body }: Schema<'TemplateChange'> & { tag: string }) =>
    answer(api.PATCH('/templates/{id}', {
      params: { path: { id }, ...(tag ? { header: { 'If-Match': tag } } : {}) }, body,
    })));
}

export function useCopyTemplate() {
  return useTemplateChange((id: string) => answer(api.POST('/templates/{id}/copies', { params: { path: { id } } })));
}

export function useDeleteTemplate() {
  return useTemplateChange((id: string) =>
    answer<unknown>(api.DELETE('/templates/{id}', { params: { path: { id } } })));
}

export function useRestoreVersion(id: string) {
  return useTemplateChange((version: number) => answer(api.POST('/templates/{id}/versions/{version}/restoration', {
    params: { path: { id, version } },
  })));
}
