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

/** Serves a folder of .build/vendor under a path of its own, the way a built app has it. */
function vendored(path: string, name: string): Plugin {
  const folder = join(root, '.build/vendor', name);
  return {
    name: `cloche:${name}`,
    configureServer(server) {
      server.middlewares.use(path, (request, response, next) => {
        const file = join(folder, new URL(request.url ?? '/', 'http://localhost').pathname);
        if (!existsSync(file) || !statSync(file).isFile()) return next();
        response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream');
        response.setHeader('Content-Length', statSync(file).size);
        for (const [header, value] of Object.entries(headers.isolation)) response.setHeader(header, value);
        createReadStream(file).pipe(response);
      });
    },
  };
}

/** Says that Cloche's own engine has not been built, so that wllama is what is tested. */
function noEngine(): Plugin {
  return {
    name: 'cloche:no-engine',
    configureServer(server) {
      server.middlewares.use('/engine/engine.json', (_request, response) => {
        response.setHeader('Content-Type', 'application/json');
        response.end('{}');
      });
    },
  };
}

const executablePath = chromium();

function browser(...flags: string[]): ReturnType<typeof playwright> {
  return playwright({
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
        ...flags,
      ],
    },
  });
}

const LLAMACPP = 'tests/bridge/llamacpp*.test.ts';
const OWN_ENGINE = 'tests/bridge/engine_*.test.ts';
const STARTER = 'tests/bridge/starter_model.test.ts';
const builtEngine = vendored('/engine/', 'engine');

/** The same tests once more, and those of its kernels, on Cloche's own engine where it has been built. */
const ownEngine = [
  {
    extends: true as const,
    plugins: [builtEngine],
    server: { headers: headers.isolation },
    test: { name: 'own engine', include: [LLAMACPP, STARTER, OWN_ENGINE] },
  },
  {
    extends: true as const,
    plugins: [builtEngine],
    test: { name: 'own engine, not isolated', include: [LLAMACPP] },
  },
  {
    // As most x86 processors are: there the relaxed dot product adds up pairs in 16 bits.
    extends: true as const,
    plugins: [builtEngine],
    test: {
      name: 'own engine, without VNNI',
      include: ['tests/bridge/engine_kernels*.test.ts'],
      browser: { provider: browser('--js-flags=--no-enable-avx-vnni') },
    },
  },
];

const projects = [
  {
    extends: true as const,
    plugins: [noEngine()],
    server: { headers: headers.isolation },
    test: { name: 'isolated', include: ['tests/bridge/**/*.test.{ts,tsx}'], exclude: [OWN_ENGINE] },
  },
  {
    // The engine without threads, as on a host whose pages are not isolated.
    extends: true as const,
    plugins: [noEngine()],
    test: { name: 'not isolated', include: [LLAMACPP] },
  },
  ...(existsSync(join(root, '.build/vendor/engine/engine.json')) ? ownEngine : []),
];

export default defineConfig({
  root,
  cacheDir: join(root, '.build/vitest'),
  plugins: [preact(), vendored('/python/', 'python'), faultyFiles()],
  optimizeDeps: { noDiscovery: true, include: ['highlight.js/lib/core'] },
  test: {
    // One project after another, and as many files of it at once as there are processors: all at once, they only wait.
    maxWorkers: '100%',
    projects: projects.map(({ test, ...rest }, groupOrder) => ({ ...rest, test: { ...test, sequence: { groupOrder } } })),
    // CLOCHE_LONG=1: some tests go on for many minutes.
    provide: { long: Boolean(process.env.CLOCHE_LONG) },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: browser(),
      instances: [{ browser: 'chromium' }],
    },
  },
});
