// Owns: how web/ and js_bridge/ become dist/. Does not own: what goes into .build/vendor/python
// (py_app/toolchain) and which headers are sent (js_bridge/headers.json).
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import preact from '@preact/preset-vite';
import { defineConfig, type Plugin } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';

const root = fileURLToPath(new URL('.', import.meta.url));
const vendored = `${root}.build/vendor/python`;
const builtEngine = `${root}.build/vendor/engine`;

/** Puts Pyodide, the wheels and their lock into the output's python/, before the precache manifest is made. */
function python(): Plugin {
  let output = '';
  return {
    name: 'cloche:python',
    apply: 'build',
    configResolved(config) {
      output = resolve(config.root, config.build.outDir);
    },
    buildStart() {
      if (!existsSync(`${vendored}/pyodide-lock.json`)) {
        this.error(`${vendored} is missing: run "python3 build.py build", which prepares it.`);
      }
    },
    writeBundle() {
      cpSync(vendored, `${output}/python`, { recursive: true, preserveTimestamps: true });
    },
  };
}

/** Writes WebLLM's own list of models, as its package has it, for Python to read. */
function webllmModels(): Plugin {
  return {
    name: 'cloche:webllm-models',
    apply: 'build',
    async generateBundle() {
      const { prebuiltAppConfig } = await import('@mlc-ai/web-llm');
      this.emitFile({ type: 'asset', fileName: 'webllm_models.json', source: JSON.stringify(prebuiltAppConfig.model_list) });
    },
  };
}

/** Puts Cloche's own engine into the output's engine/, or, where it has not been built, the word that it is not there. */
function engine(): Plugin {
  let output = '';
  return {
    name: 'cloche:engine',
    apply: 'build',
    configResolved(config) {
      output = resolve(config.root, config.build.outDir, 'engine');
    },
    writeBundle() {
      if (existsSync(`${builtEngine}/engine.json`)) {
        cpSync(builtEngine, output, { recursive: true, preserveTimestamps: true });
        return;
      }
      mkdirSync(output, { recursive: true });
      writeFileSync(`${output}/engine.json`, '{}\n');
    },
  };
}

/** Writes the document's Content-Security-Policy as a meta tag, for hosts that send no headers of ours. */
function contentSecurityPolicy(): Plugin {
  return {
    name: 'cloche:content-security-policy',
    apply: 'build',
    transformIndexHtml() {
      const headers = JSON.parse(readFileSync(`${root}js_bridge/headers.json`, 'utf8')) as {
        document: Record<string, string>;
      };
      const policy = headers.document['Content-Security-Policy'];
      if (!policy) throw new Error('js_bridge/headers.json has no document Content-Security-Policy.');
      const content = policy
        .split(';')
        .map((directive) => directive.trim())
        .filter((directive) => directive && !/^(frame-ancestors|report-uri|sandbox)\b/.test(directive))
        .join('; ');
      return [{ tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content }, injectTo: 'head-prepend' }];
    },
  };
}

export default defineConfig({
  root: `${root}web`,
  base: './',
  publicDir: `${root}public`,
  cacheDir: `${root}.build/vite`,
  build: {
    outDir: `${root}dist`,
    emptyOutDir: true,
    target: 'chrome128',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1024,
  },
  worker: { format: 'es' },
  plugins: [
    preact(),
    contentSecurityPolicy(),
    python(),
    webllmModels(),
    engine(),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: '../js_bridge',
      filename: 'sw.ts',
      injectRegister: false,
      manifest: false,
      injectManifest: {
        globPatterns: ['**/*.{html,js,mjs,css,json,webmanifest,svg,png,ico,wasm,zip,whl}'],
        // Browsers without relaxed SIMD are few; they fetch their build of the engine when they need it.
        globIgnores: ['engine/engine-plain-*', 'screenshots/**'],
        maximumFileSizeToCacheInBytes: 64 * 1024 * 1024,
        // The size lets the service worker tell its progress in bytes.
        manifestTransforms: [(entries) => ({ manifest: entries.map((entry) => ({ ...entry, bytes: entry.size })) })],
      },
    }),
  ],
});
