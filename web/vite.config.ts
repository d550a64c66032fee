// How the web application is put together. What it makes is embedded in the program
// (cmake/web.cmake, tools/pack-web), so it never asks another host for anything.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react()],
  // Whoever asks for fflate gets ours, which makes no workers of blob: addresses.
  resolve: { alias: [{ find: /^fflate$/, replacement: new URL('src/features/imports/unzip_here.ts', import.meta.url).pathname }] },
  build: {
    target: 'es2022',
    // Every file stands by itself under a name with its digest: no data: address to allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 900,
    // The editor's page stands in a frame of its own (docs/decisions/0028).
    rollupOptions: { input: ['index.html', 'editor.html'] },
  },
  // `npx vite` beside a running `tidings serve`.
  server: { proxy: { '/api': 'http://localhost:8080' } },
  // Pure parts: they need no world of their own each.
  test: { environment: 'node', include: ['src/**/*.test.ts'], pool: 'threads', isolate: false, maxWorkers: 1 },
});
