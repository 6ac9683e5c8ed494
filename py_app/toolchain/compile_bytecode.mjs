// Owns: byte-compiling Python files with the very Python that will run them (Pyodide, under Node).
// Usage: node compile_bytecode.mjs PYODIDE_FOLDER JOBS.json, where jobs are [{kind, source, bytecode}]: `kind` names a
// function of compile_bytecode.py, which makes the zip file `bytecode` from the zip file `source`.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [folder, jobsFile] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`).href);
const python = await loadPyodide({ indexURL: folder, packages: [], env: { HOME: '/home/web_user' } });
const compilers = python.runPython(readFileSync(new URL('./compile_bytecode.py', import.meta.url), 'utf8'));

try {
  for (const { kind, source, bytecode } of JSON.parse(readFileSync(jobsFile, 'utf8'))) {
    const zip = compilers.get(kind)(new Uint8Array(readFileSync(source)));
    writeFileSync(bytecode, zip.toJs());
    zip.destroy();
  }
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
