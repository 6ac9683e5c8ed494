/**
 * One WebSocket, as the contract's methods `socket.*` want it.
 *
 * Owns its life and the limit on what comes in; which addresses may be reached is decided before (remote.worker.ts).
 */
import type { SendText, SentText, SocketEnd, SocketPiece } from './contract.gen';
import { RpcError } from './rpc';

/** A longer message ends the connection: nobody who answers questions needs more, and it would all be held in memory. */
const MAX_CHARS = 64 << 20;
const TOO_BIG = 1009;
const ABNORMAL = 1006;

export class Socket {
  private socket: WebSocket | undefined;

  /** Connects and passes on what comes; resolves when the socket has closed, rejects when it never opened. */
  open(url: string, signal: AbortSignal, push: (piece: SocketPiece) => void): Promise<SocketEnd> {
    if (this.socket) throw new RpcError('bad_input', 'This worker has a socket already.');
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    const decoder = new TextDecoder();
    let opened = false;
    let tooBig = false;
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => socket.close());
      socket.onopen = () => {
        opened = true;
        push({ text: null });
      };
      socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
        const text = typeof data === 'string' ? data : decoder.decode(data);
        if (text.length <= MAX_CHARS) push({ text });
        else {
          tooBig = true;
          socket.close(3000 + TOO_BIG, 'The message is too big.');
        }
      };
      socket.onclose = ({ code, reason }) => {
        if (opened) resolve(tooBig ? { code: TOO_BIG, reason: 'A message was too big.' } : { code, reason });
        else reject(unreachable(url, code));
      };
    });
  }

  /** Sends a message, unless too much waits to leave already. */
  send({ text, most_waiting }: SendText): SentText {
    const { socket } = this;
    if (socket?.readyState !== WebSocket.OPEN) throw new RpcError('server_unreachable', 'The connection is not open.');
    const sent = typeof most_waiting !== 'number' || socket.bufferedAmount <= most_waiting;
    if (sent) socket.send(text);
    return { sent, waiting_bytes: socket.bufferedAmount };
  }

  close(code = 1000, reason = ''): null {
    this.socket?.close(code, reason);
    return null;
  }
}

/** Browsers do not tell a page why a socket did not open. */
function unreachable(url: string, code: number): RpcError {
  const { origin } = new URL(url);
  const more = code === ABNORMAL ? '' : ` (code ${code})`;
  return new RpcError(
    'server_unreachable',
    `${origin} could not be reached, or it refused the connection${more}.`,
    'Check the address and the key, and that the server runs.',
    true,
  );
}
