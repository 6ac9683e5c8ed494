// Owns: how tests/bridge runs in a real Chromium. Does not own: the other suites, which are pytest's (pyproject.toml).
import { createReadStream, existsSync, statSync } from 'node:fs';
import { delimiter, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import preact from '@preact/preset-vite';
import { playwright } from '@vitest/browser-playwright';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import headers from './js_bridge/headers.json' with { type: 'json' };
import { faultyFiles } from './tests/bridge/faulty_files';

const root = fileURLToPath(new URL('.', import.meta.url));
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge', 'msedge'];

/** CLOCHE_CHROME, then the PATH; undefined leaves it to Playwright's own. */
function chromium(): string | undefined {
  const { CLOCHE_CHROME, PATH = '' } = process.env;
  if (CLOCHE_CHROME) return CLOCHE_CHROME;
  const candidates = PATH.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return candidates.find((path) => existsSync(path));
}

const TYPES: Record<string, string> = {
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
};

/** Serves .build/vendor/python under /python/ as it is, the way a built app has it. */
function python(): Plugin {
  const folder = join(root, '.build/vendor/python');
  return {
    name: 'cloche:python',
    configureServer(server) {
      server.middlewares.use('/python/', (request, response, next) => {
        const path = join(folder, new URL(request.url ?? '/', 'http://localhost').pathname);
        if (!existsSync(path) || !statSync(path).isFile()) return next();
        response.setHeader('Content-Type', TYPES[extname(path)] ?? 'application/octet-stream');
        response.setHeader('Content-Length', statSync(path).size);
        for (const [name, value] of Object.entries(headers.isolation)) response.setHeader(name, value);
        createReadStream(path).pipe(response);
      });
    },
  };
}

const executablePath = chromium();

export default defineConfig({
  root,
  cacheDir: join(root, '.build/vitest'),
  plugins: [preact(), python(), faultyFiles()],
  optimizeDeps: { noDiscovery: true, include: ['highlight.js/lib/core'] },
  test: {
    projects: [
      {
        extends: true,
        server: { headers: headers.isolation },
        test: { name: 'isolated', include: ['tests/bridge/**/*.test.{ts,tsx}'] },
      },
      {
        // The engine without threads, as on a host whose pages are not isolated.
        extends: true,
        test: { name: 'not isolated', include: ['tests/bridge/llamacpp*.test.ts'] },
      },
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          ...(executablePath === undefined ? {} : { executablePath }),
          args: [
            '--no-sandbox',
            '--disable-gpu',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
            '--no-first-run',
            '--use-fake-device-for-media-stream',
            '--use-fake-ui-for-media-stream',
          ],
        },
      }),
      instances: [{ browser: 'chromium' }],
    },
  },
});
