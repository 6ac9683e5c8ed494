// Starts workers with Pyodide for the tests and waits for their answers.
const policy = trustedTypes.createPolicy('cloche', { createScriptURL: (url) => url });

/** A fresh Pyodide with the built app's wheels; `run` gives the value of Python code, which must be a string. */
class Pyodide {
  constructor() {
    const url = policy.createScriptURL(new URL('pyodide.worker.js', import.meta.url).href);
    this.worker = new Worker(url, { type: 'module' });
    this.failed = new Promise((_resolve, reject) => {
      this.worker.onerror = (event) => reject(new Error(event.message));
    });
  }

  ask(message) {
    const { port1, port2 } = new MessageChannel();
    const answer = new Promise((resolve, reject) => {
      port1.onmessage = ({ data }) => ('error' in data ? reject(new Error(data.error)) : resolve(data.result));
    });
    this.worker.postMessage(message, [port2]);
    return Promise.race([answer, this.failed]);
  }

  run(code) {
    return this.ask({ code });
  }

  unpack(archive) {
    return this.ask({ archive: new URL(archive, import.meta.url).href });
  }

  end() {
    this.worker.terminate();
  }
}

globalThis.Pyodide = Pyodide;
