/** Under the button "Model": which model this is, how small it is, and what really runs. Owns the button and the panel. */
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Cpu } from 'lucide';
import { isIsolated } from '../../js_bridge/capabilities';
import type { EngineInfo, ModelStatus } from '../../js_bridge/contract.gen';
import { loadModel } from '../actions';
import { bytes, count, duration } from '../figures';
import { chooseModel, readCatalogue } from '../model_actions';
import { chainOf } from '../provider_actions';
import { addressOf } from '../routes';
import { card, model, modelOpen, settings, state } from '../store';
import { ChainPicker, describe } from './chain_picker';
import { useReturnFocus } from './focus';
import { Icon } from './icon';
import { Progress } from './progress';

const BACKENDS = { cpu: 'CPU', webgpu: 'WebGPU' };

export function engineLine({ backend, threads }: EngineInfo): string {
  return `${BACKENDS[backend]}, ${count(threads, 'thread')}`;
}

/** Why there is one thread, when there could be more. */
export function threadNote({ threads }: EngineInfo): string {
  if (threads > 1 || isIsolated()) return '';
  return 'One thread only: this page could not be isolated from others, and then the browser allows no more.';
}

function Engine({ engine, kept }: { engine: EngineInfo; kept: boolean }) {
  const memory = engine.memory_bytes ?? card.value?.memory_bytes ?? 0;
  const note = threadNote(engine);
  return (
    <>
      <dl class="facts">
        <dt>Runs on</dt>
        <dd>{engineLine(engine)}</dd>
        <dt>Engine</dt>
        <dd>{engine.engine}</dd>
        <dt>Context</dt>
        <dd>{count(engine.context_window, 'token')}</dd>
        <dt>Pictures</dt>
        <dd>{engine.images ? 'understood' : 'not understood'}</dd>
        <dt>Loaded in</dt>
        <dd>{duration(engine.load_ms)}</dd>
        {memory > 0 && <dt>Memory</dt>}
        {memory > 0 && <dd>{engine.memory_bytes === null ? `about ${bytes(memory)}` : bytes(memory)}</dd>}
      </dl>
      {!kept && <p class="muted">For this visit only: its files are in memory, and gone when this tab closes.</p>}
      {note && <p class="muted">{note}</p>}
    </>
  );
}

/** What the model is doing now: loading, failed, or what runs. */
export function ModelState({ status }: { status: ModelStatus }) {
  if (status.state === 'failed') {
    return (
      <div class="message-error" role="alert">
        <p>
          {status.error?.message} {status.error?.action}
        </p>
        <button class="button" type="button" onClick={loadModel}>
          Retry
        </button>
      </div>
    );
  }
  if (status.state === 'ready') return status.engine && <Engine engine={status.engine} kept={status.kept} />;
  if (status.state === 'unloaded') {
    return (
      <div class="row">
        <p class="muted">Unloaded: it takes no memory. The next message loads it again.</p>
        <button class="button" type="button" onClick={loadModel}>
          Load
        </button>
      </div>
    );
  }
  return <Progress label={status.stage || 'Loading the model'} loaded={status.loaded_bytes} total={status.total_bytes} />;
}

/** Switches among the models whose files lie on this device. */
function InstalledPicker() {
  const { catalogue } = state.value;
  useEffect(() => void readCatalogue(), []);
  const installed = (catalogue?.entries ?? []).filter((entry) => (entry.installed || entry.held) && entry.card.purpose === 'chat');
  if (installed.length < 2) return null;
  return (
    <label class="field">
      <span>On this device</span>
      <select
        aria-label="Model on this device"
        value={settings.value.model_id}
        onChange={({ currentTarget }) => void chooseModel(currentTarget.value)}
      >
        {installed.map(({ card: { id, name } }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function ModelPanel({ anchor }: { anchor: RefObject<HTMLElement | null> }) {
  const { value: known } = card;
  useReturnFocus(() => anchor.current?.querySelector('button') ?? null);
  useEffect(() => {
    const outside = (event: PointerEvent): void => {
      if (!anchor.current?.contains(event.target as Node)) modelOpen.value = false;
    };
    addEventListener('pointerdown', outside);
    return () => removeEventListener('pointerdown', outside);
  }, []);
  return (
    <section class="popover" id="model-panel" aria-label="About the model">
      <h2>{known?.name ?? 'No model'}</h2>
      {known && (
        <p>
          {known.tiny && <span class="tag">tiny</span>} {known.summary}
        </p>
      )}
      <ModelState status={model.value} />
      <InstalledPicker />
      <ChainPicker />
      <a href={addressOf({ view: 'models' })} onClick={() => (modelOpen.value = false)}>
        All models, and what this one can do
      </a>
    </section>
  );
}

/** One line of who answers: a remote model, or what runs here, or why nothing does. */
function lineOf({ card: known, engine, state }: ModelStatus): string {
  const [first] = chainOf();
  if (first && first.provider_id !== 'local') {
    const { provider, model: name, remote } = describe(first);
    return `${name} · ${provider}${remote ? ' (remote)' : ''}`;
  }
  const rest = state === 'failed' || state === 'unloaded' ? state : 'loading';
  const runs = state === 'ready' && engine ? engineLine(engine) : rest;
  return known ? `${known.name} · ${runs}` : runs;
}

export function ModelButton() {
  const root = useRef<HTMLDivElement>(null);
  const open = modelOpen.value;
  return (
    <div class="model" ref={root}>
      <button
        class="button quiet"
        type="button"
        aria-expanded={open}
        aria-controls={open ? 'model-panel' : undefined}
        aria-describedby="model-line"
        onClick={() => (modelOpen.value = !open)}
      >
        <Icon of={Cpu} /> Model
      </button>
      <span class="model-line muted figure" id="model-line">
        {lineOf(model.value)}
      </span>
      {open && <ModelPanel anchor={root} />}
    </div>
  );
}
