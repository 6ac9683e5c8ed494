/**
 * The VILA streaming protocol over MessageChannels: a page of this origin that opened this one asks its model.
 *
 *     const { port1, port2 } = new MessageChannel();
 *     cloche.postMessage({ type: 'vila', api_key: 'cloche-...' }, origin, [port2]);
 *     port1.onmessage = ({ data }) => console.log(JSON.parse(data).vlm_reply);
 *     port1.postMessage(JSON.stringify({ timestamp: Date.now() / 1000, frame: base64OfAJpeg }));
 *
 * Owns the ports. The messages are those of the WebSockets, and Python understands them (cloche/relay/ports.py). A port has
 * no close code, so its last message is {"error": why, "code": what a WebSocket would have been closed with}.
 */
import { errorOf } from './actions';
import { connection } from './store';

const POLICY_VIOLATION = 1008;
const TRY_AGAIN_LATER = 1013;

export function serveVilaPorts(): void {
  addEventListener('message', ({ data, ports: [port], origin }: MessageEvent<unknown>) => {
    const { type, api_key: key } = Object(data) as { type?: unknown; api_key?: unknown };
    if (port && type === 'vila') void serve(port, String(key ?? ''), origin);
  });
}

async function serve(port: MessagePort, key: string, origin: string): Promise<void> {
  const end = (code: number, reason: string): void => {
    port.postMessage(JSON.stringify({ error: reason, code }));
    port.close();
  };
  let port_id: string;
  try {
    ({ port_id } = await connection.call('relay.open_port', { key, name: origin }));
  } catch (thrown) {
    const { code, message, action } = errorOf(thrown);
    end(code === 'key_refused' ? POLICY_VIOLATION : TRY_AGAIN_LATER, `${message} ${action}`.trim());
    return;
  }
  const forget = connection.listen((events) => {
    for (const [name, said] of events) {
      if (name === 'app:ready') over(TRY_AGAIN_LATER, 'Cloche was started anew; connect again.');
      if (name !== 'relay:port' || said.port_id !== port_id) continue;
      if (said.text === null) over(said.code ?? TRY_AGAIN_LATER, said.reason);
      else port.postMessage(said.text);
    }
  });
  const over = (code: number, reason: string): void => {
    forget();
    end(code, reason);
  };
  port.addEventListener('close', () => {
    forget();
    connection.call('relay.close_port', { port_id }).catch(() => undefined);
  });
  port.onmessage = ({ data }: MessageEvent<unknown>) => {
    connection.call('relay.hear', { port_id, text: String(data) }).catch(() => undefined);
  };
}
