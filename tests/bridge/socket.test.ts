/** One WebSocket of the worker "remote": what waits to leave holds the sender back, and every end is told. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SocketPiece } from '../../js_bridge/contract.gen';
import { Socket } from '../../js_bridge/socket';

/** A browser's socket whose network takes nothing until the test says so. */
class HeldSocket {
  static readonly OPEN = WebSocket.OPEN;
  static made: HeldSocket;
  readyState: number = WebSocket.CONNECTING;
  bufferedAmount = 0;
  onopen?: () => void;
  onmessage?: (event: { data: string | ArrayBuffer }) => void;
  onclose?: (event: { code: number; reason: string }) => void;

  constructor(readonly url: string) {
    HeldSocket.made = this;
  }

  opened(): void {
    this.readyState = WebSocket.OPEN;
    this.onopen?.();
  }

  send(text: string): void {
    this.bufferedAmount += text.length;
  }

  close(code = 1005, reason = ''): void {
    this.readyState = WebSocket.CLOSED;
    this.onclose?.({ code, reason });
  }
}

let socket: Socket;
let pieces: SocketPiece[];
const open = () => socket.open('wss://robots.example/?api_key=k', new AbortController().signal, (piece) => pieces.push(piece));

beforeEach(() => {
  vi.stubGlobal('WebSocket', HeldSocket);
  socket = new Socket();
  pieces = [];
});
afterEach(() => vi.unstubAllGlobals());

test('takes no frame while more waits than the sender allows, and takes the next one when the network is free again', async () => {
  void open();
  HeldSocket.made.opened();
  const frame = { text: 'x'.repeat(100), most_waiting: 150 };
  expect(socket.send(frame)).toEqual({ sent: true, waiting_bytes: 100 });
  expect(socket.send(frame)).toEqual({ sent: true, waiting_bytes: 200 });
  expect(socket.send(frame)).toEqual({ sent: false, waiting_bytes: 200 });
  HeldSocket.made.bufferedAmount = 0;
  expect(socket.send(frame)).toEqual({ sent: true, waiting_bytes: 100 });
  expect(socket.send({ ...frame, most_waiting: null })).toEqual({ sent: true, waiting_bytes: 200 });
});

test('passes on text and bytes, and its end', async () => {
  const end = open();
  HeldSocket.made.opened();
  HeldSocket.made.onmessage?.({ data: 'one' });
  HeldSocket.made.onmessage?.({ data: new TextEncoder().encode('two').buffer });
  socket.close(1000, 'done');
  expect(await end).toEqual({ code: 1000, reason: 'done' });
  expect(pieces.map(({ text }) => text)).toEqual([null, 'one', 'two']);
  expect(() => socket.send({ text: 'late', most_waiting: null })).toThrow('not open');
});

test('that never opened says which address, and not with which key', async () => {
  const end = open();
  HeldSocket.made.close(1006);
  const error = (await end.catch((thrown: unknown) => thrown)) as Error;
  expect(error).toMatchObject({ code: 'server_unreachable', retryable: true });
  expect(error.message).toContain('wss://robots.example could not be reached');
  expect(error.message).not.toContain('api_key');
});

test('ends at a message that nobody could want', async () => {
  const end = open();
  HeldSocket.made.opened();
  HeldSocket.made.onmessage?.({ data: 'x'.repeat((64 << 20) + 1) });
  expect(await end).toMatchObject({ code: 1009 });
  expect(pieces).toEqual([{ text: null }]);
});
