import { useQuery } from '@tanstack/react-query';
import { answer, api, type Schema } from '../../api/client';

export type CampaignSummary = Schema<'CampaignSummary'>;
type State = Schema<'CampaignState'>;

/** The newest send-outs in a state; while something runs, looked at every few seconds. */
export function useCampaignsIn(state: State) {
  return useQuery({
    queryKey: ['campaigns-in', state],
    queryFn: ({ signal }) => answer(api.GET('/campaigns', { params: { query: { state, limit: 10 } }, signal })),
    refetchInterval: (query) =>
      (state === 'running' && (query.state.data?.items.length ?? 0) > 0 ? 3000 : 30_000),
  });
}

export function useLastSendOuts() {
  return useQuery({
    queryKey: ['last-send-outs'],
    queryFn: ({ signal }) => answer(api.GET('/send-outs', {
      params: { query: {
        type: 'mailing', status: 'running,paused,finished,finished with errors,cancelled', all: true, limit: 6,
      } }, signal,
    })),
  });
}

/** What came back in the last seven days. */
export function useTrouble() {
  return useQuery({
    queryKey: ['trouble'],
    queryFn: ({ signal }) => answer(api.GET('/messages', {
      params: { query: { status: 'bounced,failed,marked as spam,uncertain,held', limit: 8 } }, signal,
    })),
  });
}
