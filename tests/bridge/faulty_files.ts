/**
 * A web server for model files that misbehaves on purpose, as a Vite plugin.
 *
 * Owns the addresses `/faulty/<id>/<plan>/<size>.bin`, `/faulty/<id>/log` and `/faulty/<id>/cut`. A plan lists what
 * happens to the first, second, ... request of that id, the last step for all later ones: `ok`, `half` (half the bytes,
 * then nothing until `cut` breaks the connection), `refuse` (breaks it at once), `wrong` (right size, other bytes),
 * `short` (a file of half the size), `whole` (ignores Range), `404`.
 */

import type { ServerResponse } from 'node:http';
import type { Plugin } from 'vite';

export interface LoggedRequest {
  range: string | null;
  status: number;
}

/** The bytes of a file: any size, never a repeating block. */
export function fileBytes(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let state = size;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

export function faultyFiles(): Plugin {
  const logs = new Map<string, LoggedRequest[]>();
  const hanging = new Map<string, ServerResponse>();
  return {
    name: 'cloche:faulty-files',
    configureServer(server) {
      server.middlewares.use('/faulty', (request, response) => {
        const [, id = '', plan = '', file = ''] = (request.url ?? '').split('/');
        const log = logs.get(id) ?? [];
        logs.set(id, log);
        response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
        if (plan === 'log') {
          response.setHeader('Content-Type', 'application/json');
          response.end(JSON.stringify(log));
          return;
        }
        if (plan === 'cut') {
          hanging.get(id)?.socket?.destroy();
          response.end();
          return;
        }
        const steps = plan.split(',');
        const step = steps[Math.min(log.length, steps.length - 1)] ?? 'ok';
        const range = request.headers.range ?? null;
        if (step === 'half') hanging.set(id, response);
        answer(response, step, range, fileBytes(Number.parseInt(file, 10)));
        log.push({ range, status: response.statusCode });
      });
    },
  };
}

function answer(response: ServerResponse, step: string, range: string | null, whole: Uint8Array): void {
  if (step === '404') {
    response.statusCode = 404;
    response.end();
    return;
  }
  if (step === 'short') whole = whole.subarray(0, whole.length / 2);
  const [, first, last] = /^bytes=(\d+)-(\d*)/.exec(range ?? '') ?? [];
  const ranged = first !== undefined && step !== 'whole';
  const from = ranged ? Number(first) : 0;
  const to = ranged && last ? Math.min(Number(last) + 1, whole.length) : whole.length;
  let body = whole.subarray(from, to);
  if (step === 'wrong') body = body.map((byte) => byte ^ 0xff);
  if (ranged) {
    response.statusCode = 206;
    response.setHeader('Content-Range', `bytes ${from}-${to - 1}/${whole.length}`);
  }
  response.setHeader('Content-Type', 'application/octet-stream');
  response.setHeader('Content-Length', body.length);
  if (step === 'refuse') response.socket?.destroy();
  else if (step === 'half') response.write(body.subarray(0, body.length / 2));
  else response.end(body);
}
