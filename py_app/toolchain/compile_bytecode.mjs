// Owns: byte-compiling wheels with the very Python that will run them (Pyodide, under Node).
// Usage: node compile_bytecode.mjs PYODIDE_FOLDER JOBS.json, where jobs are [{wheel, bytecode}]: for every
// .py file in `wheel` the matching __pycache__/*.pyc is written into the zip file `bytecode`.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [folder, jobsFile] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`).href);
const python = await loadPyodide({ indexURL: folder, packages: [], env: { HOME: '/home/web_user' } });
const compileWheel = python.runPython(readFileSync(new URL('./compile_bytecode.py', import.meta.url), 'utf8'));

try {
  for (const { wheel, bytecode } of JSON.parse(readFileSync(jobsFile, 'utf8'))) {
    const zip = compileWheel(new Uint8Array(readFileSync(wheel)));
    writeFileSync(bytecode, zip.toJs());
    zip.destroy();
  }
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
