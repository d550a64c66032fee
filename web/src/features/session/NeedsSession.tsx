import { Center, Loader } from '@mantine/core';
import type { ReactNode } from 'react';
import { Navigate, useLocation } from 'react-router';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useSessionQuery } from './session';

/** Shows its screens to who is signed in, and leads the others to the way in and back. */
export function NeedsSession(props: { children: ReactNode }) {
  const { data, error, isPending, refetch } = useSessionQuery();
  const { pathname, search } = useLocation();
  if (isPending) return <Center mih="100vh"><Loader aria-label="…" /></Center>;
  if (error) return <Center mih="100vh"><TroubleNotice error={error} onRetry={() => void refetch()} /></Center>;
  if (!data) {
    const to = pathname === '/' ? '' : `?to=${encodeURIComponent(pathname + search)}`;
    return <Navigate to={`/sign-in${to}`} replace />;
  }
  return props.children;
}
