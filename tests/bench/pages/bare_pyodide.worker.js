// Pyodide alone in a module worker: what the app's boot is compared with.
const folder = new URL('../python/', self.location.href).href;
const { loadPyodide } = await import(folder + 'pyodide.mjs');
const python = await loadPyodide({ indexURL: folder });
self.postMessage(python.runPython('1 + 1'));
