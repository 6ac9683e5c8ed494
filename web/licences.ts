/** What Cloche is built from, with licences, for the about section. */

export const PARTS: readonly (readonly [name: string, licence: string, what: string])[] = [
  ['amplifier-core', 'MIT', 'sessions, hooks and contracts of the agent'],
  ['CPython and Pyodide', 'PSF and MPL 2.0', 'Python in the tab'],
  ['pydantic', 'MIT', 'checked data'],
  ['msgpack', 'Apache 2.0', 'compact messages'],
  ['micropip', 'MPL 2.0', 'Python packages in the tab'],
  ['SQLite', 'public domain', 'the store of conversations'],
  ['llama.cpp and wllama', 'MIT', 'the engine of the model'],
  ['nlohmann/json, stb, miniaudio', 'MIT or public domain', 'inside the engine'],
  ['LLVM libc++, wasi-libc, musl, compiler-rt', 'Apache 2.0 with LLVM exception, MIT', "the libraries of Cloche's own engine"],
  ['hash-wasm', 'MIT', 'checks of model files'],
  ['Preact and signals', 'MIT', 'the page'],
  ['marked', 'MIT', 'Markdown'],
  ['DOMPurify', 'Apache 2.0 or MPL 2.0', 'safe HTML'],
  ['CodeMirror', 'MIT', 'the editor of the Python view'],
  ['highlight.js', 'BSD 3-Clause', 'coloured code'],
  ['lucide', 'ISC', 'icons'],
  ['Workbox', 'MIT', 'offline use'],
];
