/**
 * Providers on other machines: none until a person adds one. Part of the view Models.
 *
 * Owns the form with its consent, and the list with keys and models. What is typed as a key or passphrase goes to Python
 * and is forgotten here.
 */
import { useEffect, useState } from 'preact/hooks';
import type { ErrorInfo, Provider } from '../../js_bridge/contract.gen';
import { errorOf } from '../actions';
import { count } from '../figures';
import { openOrigins, readOrigins, remoteOff } from '../open_origins';
import { Problem } from '../parts/problem';
import { addProvider, allowAgain, originOf, refreshModels, removeProvider, setKey, unlockKeys } from '../provider_actions';
import { offlineReady } from '../service_worker';
import { providers } from '../store';

const KEYS = {
  none: 'none',
  memory: 'in memory until this tab closes',
  sealed: 'kept on this device, sealed with your passphrase; open now',
  locked: 'kept on this device, sealed with your passphrase; locked',
};

/** Runs what a form asks for, and shows why it did not work. */
function useTask(): [ErrorInfo | null, boolean, (task: () => Promise<void>) => Promise<boolean>] {
  const [error, setError] = useState<ErrorInfo | null>(null);
  const [busy, setBusy] = useState(false);
  const run = async (task: () => Promise<void>): Promise<boolean> => {
    setBusy(true);
    setError(null);
    try {
      await task();
      return true;
    } catch (thrown) {
      setError(errorOf(thrown));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return [error, busy, run];
}

const textIn = (form: HTMLFormElement, name: string): string => {
  const value = new FormData(form).get(name);
  return typeof value === 'string' ? value : '';
};

function KeyFields() {
  const [kept, setKept] = useState(false);
  return (
    <>
      <label class="field">
        <span>Key</span>
        <input name="key" type="password" autocomplete="off" placeholder="Leave empty if the server needs none" />
      </label>
      <label>
        <input type="checkbox" checked={kept} onChange={({ currentTarget }) => setKept(currentTarget.checked)} /> Keep the key on
        this device, sealed with a passphrase
      </label>
      {kept && (
        <label class="field">
          <span>Passphrase</span>
          <input name="passphrase" type="password" autocomplete="new-password" required />
        </label>
      )}
    </>
  );
}

function AddForm() {
  const [error, busy, run] = useTask();
  const [address, setAddress] = useState('');
  const origin = originOf(address);
  const add = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    if (!origin) return;
    const provider = {
      kind: textIn(form, 'kind') as Provider['kind'] & ('openai' | 'anthropic'),
      name: textIn(form, 'name'),
      base_url: address,
      key: textIn(form, 'key'),
      passphrase: textIn(form, 'passphrase'),
    };
    if (await run(() => addProvider(provider, origin))) {
      form.reset();
      setAddress('');
    }
  };
  return (
    <form class="provider-form" aria-label="Add a provider" onSubmit={(event) => void add(event)}>
      <label class="field">
        <span>Speaks</span>
        <select name="kind">
          <option value="openai">OpenAI’s chat completions</option>
          <option value="anthropic">Anthropic’s messages</option>
        </select>
      </label>
      <label class="field">
        <span>Address</span>
        <input
          name="address"
          type="text"
          inputMode="url"
          autocomplete="off"
          spellcheck={false}
          placeholder="http://localhost:11434/v1"
          value={address}
          onInput={({ currentTarget }) => setAddress(currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>Name</span>
        <input name="name" type="text" autocomplete="off" maxLength={60} placeholder="As you want to call it" />
      </label>
      <KeyFields />
      <p class="muted">
        {origin ? (
          <>
            This lets the page reach <strong>{origin}</strong> and nothing else. Conversations that you let it answer are sent
            there whole, with their pictures, each time. Removing the provider closes the way again.
          </>
        ) : (
          'vLLM, llama-server, Ollama, LM Studio and OpenAI speak chat completions; Anthropic has a protocol of its own.'
        )}
      </p>
      <Problem error={error} />
      <button class="button primary" type="submit" disabled={busy || !origin}>
        Allow and add
      </button>
    </form>
  );
}

function KeyForm({ provider, close }: { provider: Provider; close: () => void }) {
  const [error, busy, run] = useTask();
  const save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    if (await run(() => setKey(provider, textIn(form, 'key'), textIn(form, 'passphrase')))) close();
  };
  return (
    <form class="provider-form" aria-label={`Key of ${provider.name}`} onSubmit={(event) => void save(event)}>
      <KeyFields />
      <Problem error={error} />
      <button class="button" type="submit" disabled={busy}>
        Save key
      </button>
    </form>
  );
}

function Row({ provider }: { provider: Provider }) {
  const [keyOpen, setKeyOpen] = useState(false);
  const closed = openOrigins.value !== null && !openOrigins.value.includes(provider.origin);
  return (
    <li class="provider" aria-label={provider.name}>
      <h3>
        {provider.name} <span class="tag remote">remote</span>
      </h3>
      <dl class="facts">
        <dt>Address</dt>
        <dd>{provider.base_url}</dd>
        <dt>Models</dt>
        <dd>{count(provider.models.length, 'model')}</dd>
        <dt>Key</dt>
        <dd>{KEYS[provider.key]}</dd>
      </dl>
      {closed && <p class="field-error">This page may not reach it at the moment.</p>}
      <div class="actions">
        {closed && (
          <button class="button" type="button" onClick={() => allowAgain(provider)}>
            Allow again
          </button>
        )}
        <button class="button" type="button" onClick={() => refreshModels(provider)}>
          Fetch models
        </button>
        <button class="button" type="button" aria-expanded={keyOpen} onClick={() => setKeyOpen(!keyOpen)}>
          Change key
        </button>
        <button class="button" type="button" onClick={() => void removeProvider(provider)}>
          Remove
        </button>
      </div>
      {keyOpen && <KeyForm provider={provider} close={() => setKeyOpen(false)} />}
    </li>
  );
}

function UnlockForm() {
  const [error, busy, run] = useTask();
  const unlock = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    void run(() => unlockKeys(textIn(form, 'passphrase')));
  };
  return (
    <form class="provider-form" aria-label="Unlock keys" onSubmit={unlock}>
      <label class="field">
        <span>Passphrase</span>
        <input name="passphrase" type="password" autocomplete="current-password" required />
      </label>
      <Problem error={error} />
      <button class="button" type="submit" disabled={busy}>
        Unlock keys
      </button>
    </form>
  );
}

export function Providers() {
  const added = providers.value.filter(({ remote }) => remote);
  const ready = !remoteOff && offlineReady.value;
  useEffect(() => {
    if (ready) void readOrigins();
  }, [ready]);
  return (
    <section class="card" aria-labelledby="providers-heading">
      <header>
        <h2 id="providers-heading">Providers on other machines</h2>
        <p>None is there until you add one. Every answer of theirs is marked as remote.</p>
      </header>
      {added.length > 0 && (
        <ul class="providers">
          {added.map((provider) => (
            <Row key={provider.id} provider={provider} />
          ))}
        </ul>
      )}
      {added.some(({ key }) => key === 'locked') && <UnlockForm />}
      {remoteOff ? (
        <p class="muted">Off: {remoteOff} It would keep the list of addresses that this page may reach.</p>
      ) : ready ? (
        <AddForm />
      ) : (
        <p class="muted" role="status">
          Available as soon as the app is kept for offline use: the service worker guards which addresses may be reached.
        </p>
      )}
    </section>
  );
}
