import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from 'react-router';
import { isTrouble } from '../api/trouble';
import { forgetSession } from '../features/session/session';
import { styleNonce } from './nonce';
import { router } from './routes';
import { theme } from './theme';

const queries: QueryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (count, error) => count < 2 && isTrouble(error) && error.passes,
    },
  },
});

// A session that ended elsewhere: the next screen asks to sign in again.
queries.getQueryCache().subscribe((event) => {
  if (event.type !== 'updated' || event.action.type !== 'error') return;
  const error: unknown = event.action.error;
  if (isTrouble(error) && error.status === 401) forgetSession(queries);
});

export function App() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={styleNonce}>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
