// Pyodide from the built app, with the app's wheels from its own lock, running whatever Python a test sends.
const folder = new URL('../python/', import.meta.url).href;

async function start() {
  const { loadPyodide } = await import(`${folder}pyodide.mjs`);
  const pyodide = await loadPyodide({ indexURL: folder, lockFileURL: `${folder}pyodide-lock.json` });
  await pyodide.loadPackage(['cloche', 'micropip', 'msgpack'], { messageCallback: () => {} });
  return pyodide;
}

const started = start();

async function answer({ code, archive }) {
  const pyodide = await started;
  if (code !== undefined) return pyodide.runPythonAsync(code);
  const response = await fetch(archive);
  pyodide.unpackArchive(await response.arrayBuffer(), 'zip', { extractDir: '/suite' });
  return null;
}

onmessage = ({ data, ports: [port] }) => {
  answer(data).then(
    (result) => port.postMessage({ result }),
    (error) => port.postMessage({ error: String(error) }),
  );
};
