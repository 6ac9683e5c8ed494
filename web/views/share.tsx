/**
 * The view "Share": programs on this machine that may ask the model in this tab.
 *
 * Owns the cards for keys, for cameras (VILA streaming protocol), for OpenAI's API, and the list of who is connected. A
 * new key's secret is on screen until the person has put it away, and nowhere else.
 */
import { useEffect, useState } from 'preact/hooks';
import { Copy, KeyRound, Trash2 } from 'lucide';
import { LIMITS, type ApiKey, type MadeApiKey, type RelaySettings, type RelayState } from '../../js_bridge/contract.gen';
import { report } from '../actions';
import { count } from '../figures';
import { Field } from '../parts/field';
import { Icon } from '../parts/icon';
import { connectNow, makeKey, readRelay, revokeKey, setRelay } from '../relay_actions';
import { seriesLimit } from '../series';
import { card, relay, toast } from '../store';
import { readSome } from '../typed_number';

const STANDING = {
  off: 'Off: there is no key, so nobody may ask.',
  connecting: 'Connecting to the relay …',
  connected: 'On: the model in this tab answers programs that have a key.',
  absent: 'Not reachable.',
  elsewhere: 'Off in this tab.',
};

const NUMBERS = [
  { key: 'frames', label: 'Frames', help: 'Each question is about the last so many pictures (1 to 8).', decimal: false },
  { key: 'max_tokens', label: 'Max tokens', help: 'A reply ends here at the latest.', decimal: false },
  { key: 'temperature', label: 'Temperature', help: '0 always takes the likeliest token.', decimal: true },
  { key: 'top_p', label: 'Top-p', help: 'Chooses among the likeliest tokens of this share.', decimal: true },
] as const satisfies readonly { key: keyof RelaySettings; label: string; help: string; decimal: boolean }[];

const CLIENT = (url: string) => `import asyncio, base64, json, time, websockets

async def main():
    async with websockets.connect("${url}?api_key=KEY") as socket:
        frame = base64.b64encode(open("picture.jpg", "rb").read()).decode()
        await socket.send(json.dumps({"timestamp": time.time(), "frame": frame}))
        print(json.loads(await socket.recv())["vlm_reply"])

asyncio.run(main())`;

const PAGE_CLIENT = (address: string) => `const cloche = window.open('${address}');
// and once it has started, with \`frame\` a JPEG in base64:
const { port1, port2 } = new MessageChannel();
cloche.postMessage({ type: 'vila', api_key: 'KEY' }, location.origin, [port2]);
port1.onmessage = ({ data }) => console.log(JSON.parse(data).vlm_reply);
port1.postMessage(JSON.stringify({ timestamp: Date.now() / 1000, frame }));`;

function CopyButton({ text, label }: { text: string; label: string }) {
  const copy = () => navigator.clipboard.writeText(text).then(() => toast('Copied.'), report);
  return (
    <button class="button" type="button" aria-label={label} onClick={() => void copy()}>
      <Icon of={Copy} /> Copy
    </button>
  );
}

function Address({ label, url }: { label: string; url: string }) {
  return (
    <p class="address">
      <span>{label}</span> <code>{url}</code> <CopyButton text={url} label={`Copy the address for ${label}`} />
    </p>
  );
}

function Key({ apiKey, used }: { apiKey: ApiKey; used: number }) {
  return (
    <li class="api-key" aria-label={apiKey.name}>
      <Icon of={KeyRound} />
      <span>
        <strong>{apiKey.name}</strong> <span class="muted">ends in {apiKey.hint}, made {new Date(apiKey.created_at * 1000).toLocaleDateString('en')}</span>{' '}
        {used > 0 && <span class="tag">{count(used, 'client')}</span>}
      </span>
      <button class="button" type="button" aria-label={`Revoke ${apiKey.name}`} onClick={() => revokeKey(apiKey.id)}>
        <Icon of={Trash2} /> Revoke
      </button>
    </li>
  );
}

function NewKey() {
  const [made, setMade] = useState<MadeApiKey | null>(null);
  const make = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const name = new FormData(form).get('name');
    makeKey(typeof name === 'string' ? name : '').then((key) => {
      form.reset();
      setMade(key);
    }, report);
  };
  return (
    <>
      {made && (
        <div class="new-secret" role="status">
          <p>
            The key <strong>{made.key.name}</strong>. It is shown only now: only its fingerprint is kept.
          </p>
          <p class="address">
            <code data-secret>{made.secret}</code> <CopyButton text={made.secret} label="Copy the key" />
            <button class="button" type="button" onClick={() => setMade(null)}>
              Done
            </button>
          </p>
        </div>
      )}
      <form class="provider-form" aria-label="Make a key" onSubmit={make}>
        <label class="field">
          <span>Name</span>
          <input name="name" type="text" autocomplete="off" maxLength={60} placeholder="Who will use it, for example robot" />
        </label>
        <button class="button primary" type="submit">
          Make a key
        </button>
      </form>
    </>
  );
}

function Access({ now }: { now: RelayState }) {
  return (
    <section class="card" aria-labelledby="share-heading">
      <header>
        <h2 id="share-heading">Programs on this machine</h2>
        <p>
          Robots, cameras and scripts that have a key may ask the model in this tab, as long as the tab is open. Nothing leaves this
          machine: the server that served this page (<code>python3 build.py serve --vila</code>) passes on what is asked.
        </p>
      </header>
      <p role="status" data-relay={now.state}>
        {STANDING[now.state]} {now.reason}
      </p>
      {(now.state === 'absent' || now.state === 'elsewhere') && (
        <div class="row">
          <button class="button" type="button" onClick={connectNow}>
            {now.state === 'absent' ? 'Try again' : 'Answer here'}
          </button>
        </div>
      )}
      {now.fault && <p class="field-error">The last question was not answered: {now.fault}</p>}
      {now.keys.length > 0 && (
        <ul class="providers" aria-label="Keys">
          {now.keys.map((key) => (
            <Key key={key.id} apiKey={key} used={now.clients.filter(({ key_id }) => key_id === key.id).length} />
          ))}
        </ul>
      )}
      <NewKey />
    </section>
  );
}

function Cameras({ now }: { now: RelayState }) {
  const example = card.value?.image_examples[0];
  return (
    <section class="card" aria-labelledby="vila-heading">
      <header>
        <h2 id="vila-heading">Cameras: VILA streaming protocol</h2>
        <p>
          A client sends JPEG frames (each message up to 4 MiB) and gets a reply about the newest ones; frames that come while the
          model is busy are passed over. Several clients take turns.
        </p>
      </header>
      <Address label="VILA clients" url={`${now.vila_url}?api_key=KEY`} />
      <Field
        id="relay-question"
        label="Question"
        help={`What the model is asked about the pictures.${example ? ` This model knows, for example: “${example}”` : ''}`}
        value={now.settings.question}
        placeholder=""
        rows={2}
        commit={async (typed) => (typed.trim() ? setRelay({ question: typed.trim() }) : 'Write a question.')}
      />
      <div class="fields">
        {NUMBERS.map(({ key, label, help, decimal }) => (
          <Field
            key={key}
            id={`relay-${key}`}
            label={label}
            help={key === 'frames' ? `${help} ${seriesLimit(card.value, now.settings.frames)}`.trim() : help}
            value={String(now.settings[key])}
            placeholder=""
            decimal={decimal}
            commit={async (typed) => {
              const { problem, value } = readSome(typed, LIMITS.RelaySettings[key], !decimal);
              return problem ?? setRelay({ [key]: value });
            }}
          />
        ))}
      </div>
      <details>
        <summary>A client in ten lines of Python</summary>
        <pre class="example" tabIndex={0}>
          <code>{CLIENT(now.vila_url)}</code>
        </pre>
      </details>
      <details>
        <summary>A page of this origin, without any server</summary>
        <pre class="example" tabIndex={0}>
          <code>{PAGE_CLIENT(new URL('.', document.baseURI).href)}</code>
        </pre>
      </details>
    </section>
  );
}

function OpenAI({ now }: { now: RelayState }) {
  const [switching, setSwitching] = useState(false);
  /** The relay has agreed when the switch can be used again. */
  const open = async (openai: boolean): Promise<void> => {
    setSwitching(true);
    await setRelay({ openai });
    setSwitching(false);
  };
  return (
    <section class="card" aria-labelledby="openai-heading">
      <header>
        <h2 id="openai-heading">OpenAI’s API</h2>
        <p>Chat completions with streaming, pictures, tools and JSON schemas, for any program that lets you set the base address.</p>
      </header>
      <div class="switch-row">
        <input
          id="relay-openai"
          type="checkbox"
          role="switch"
          checked={now.settings.openai}
          disabled={switching}
          onChange={({ currentTarget }) => void open(currentTarget.checked)}
        />
        <label for="relay-openai">OpenAI-compatible endpoint</label>
      </div>
      <Address label="OpenAI clients" url={now.openai_url} />
    </section>
  );
}

function Clients({ now }: { now: RelayState }) {
  const nameOf = (id: string) => now.keys.find((key) => key.id === id)?.name ?? '';
  if (now.clients.length === 0) return null;
  return (
    <section class="card" aria-labelledby="clients-heading">
      <h2 id="clients-heading">Connected now</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Client</th>
            <th scope="col">Key</th>
            <th scope="col" class="number">
              Frames
            </th>
            <th scope="col" class="number">
              Replies
            </th>
          </tr>
        </thead>
        <tbody>
          {now.clients.map((client) => (
            <tr key={client.id}>
              <th scope="row">
                {client.kind === 'vila' ? 'Camera' : 'OpenAI'} {client.name}
              </th>
              <td>{nameOf(client.key_id)}</td>
              <td class="number">{client.frames}</td>
              <td class="number">{client.replies}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

export function ShareView() {
  useEffect(() => void readRelay().catch(report), []);
  const now = relay.value;
  return (
    <div class="page" tabIndex={-1}>
      {now && (
        <>
          <Access now={now} />
          <Cameras now={now} />
          <OpenAI now={now} />
          <Clients now={now} />
        </>
      )}
    </div>
  );
}
