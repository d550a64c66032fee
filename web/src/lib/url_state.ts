// The state of a view lives in its address: filters, order and tabs, so that it can be sent to
// somebody, reloaded and gone back to. What is as usual is not written.
import { useCallback } from 'react';
import { useSearchParams } from 'react-router';

export type UrlChange = Record<string, string | null>;

/** `params` with `change` applied; null or '' takes a member out. Pure. */
export function changed(params: URLSearchParams, change: UrlChange): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === '') next.delete(name);
    else next.set(name, value);
  }
  return next;
}

export function useUrlState(): [
  URLSearchParams,
  (change: UrlChange, how?: { push?: boolean }) => void,
] {
  const [params, setParams] = useSearchParams();
  const change = useCallback(
    (wanted: UrlChange, how?: { push?: boolean }) => {
      setParams((before) => changed(before, wanted), { replace: !how?.push });
    },
    [setParams],
  );
  return [params, change];
}
