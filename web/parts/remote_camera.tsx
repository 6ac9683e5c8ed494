/**
 * Remote camera analysis in the Live view: an endpoint of the VILA streaming protocol, how it is doing.
 *
 * Owns the form with its consent. What the camera sees and the endpoint says is shown like everything else that is seen
 * live (live_stage.tsx, live_history.tsx). The key is typed here, given to Python, and kept nowhere.
 */
import { useEffect, useState } from 'preact/hooks';
import { Play, Square } from 'lucide';
import { LIMITS, type ErrorInfo, type VilaHealth } from '../../js_bridge/contract.gen';
import { cameras } from '../../js_bridge/frame_source';
import { errorOf } from '../actions';
import { remoteOff } from '../open_origins';
import { health, sending, socketOrigin, startRemote, stopRemote } from '../remote_camera';
import { offlineReady } from '../service_worker';
import { Icon } from './icon';
import { Problem } from './problem';

const STATES: Record<VilaHealth['state'], string> = {
  off: 'Off',
  connecting: 'Connecting',
  streaming: 'Streaming',
  waiting: 'Waiting to connect again',
  failed: 'Ended',
};

const NUMBERS = [
  { name: 'fps', label: 'Frames a second', value: 30 },
  { name: 'width', label: 'Width', value: 640 },
  { name: 'height', label: 'Height', value: 480 },
  { name: 'jpeg_quality', label: 'JPEG quality', value: 70 },
] as const;

export function RemoteHealth() {
  const { state, fps, sent, dropped, buffered, replies: answered, reconnects, error, retry_in_s: pause } = health.value;
  if (state === 'off') return null;
  return (
    <>
      <p role="status" data-vila={state}>
        <strong>{STATES[state]}</strong>
        {state === 'waiting' && ` (in ${pause.toFixed(1)} s)`}
      </p>
      <Problem error={error} />
      <dl class="facts">
        <dt>Frames a second at most</dt>
        <dd>{fps.toFixed(1)}</dd>
        <dt>Sent</dt>
        <dd>{sent}</dd>
        <dt>Dropped</dt>
        <dd>{dropped}</dd>
        <dt>Waiting for the connection</dt>
        <dd>{buffered}</dd>
        <dt>Replies</dt>
        <dd>{answered}</dd>
        <dt>Connected again</dt>
        <dd>{reconnects}</dd>
      </dl>
    </>
  );
}

function StartForm() {
  const [address, setAddress] = useState('');
  const [error, setError] = useState<ErrorInfo | null>(null);
  const [devices, setDevices] = useState<{ id: string; name: string }[]>([]);
  useEffect(() => void cameras().then(setDevices, () => undefined), []);
  const origin = socketOrigin(address);
  const start = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!origin) return;
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const number = (name: string) => Number(data.get(name));
    setError(null);
    startRemote(
      {
        url: address,
        key: String(data.get('key')),
        fps: number('fps'),
        width: number('width'),
        height: number('height'),
        jpeg_quality: number('jpeg_quality'),
        device_index: number('device_index'),
      },
      origin,
    ).catch((thrown: unknown) => setError(errorOf(thrown)));
  };
  return (
    <form class="provider-form" aria-label="Remote camera analysis" onSubmit={start}>
      <label class="field">
        <span>Endpoint</span>
        <input
          type="text"
          inputMode="url"
          autocomplete="off"
          spellcheck={false}
          placeholder="wss://host"
          value={address}
          onInput={({ currentTarget }) => setAddress(currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>API key</span>
        <input name="key" type="password" autocomplete="off" placeholder="Kept in memory only" />
      </label>
      <div class="remote-numbers">
        {NUMBERS.map(({ name, label, value }) => (
          <label class="field" key={name}>
            <span>{label}</span>
            <input
              name={name}
              type="number"
              defaultValue={String(value)}
              min="1"
              max={LIMITS.VilaStart[name].maximum}
              required
            />
          </label>
        ))}
        <label class="field">
          <span>Camera</span>
          <select name="device_index">
            {(devices.length > 0 ? devices : [{ id: '', name: 'Camera 1' }]).map(({ name }, index) => (
              <option key={index} value={index}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      <p class="muted">
        {origin ? (
          <>
            This lets the page reach <strong>{origin}</strong> and sends it what the camera sees, until you stop.
          </>
        ) : (
          'Any server of the VILA streaming protocol. Nothing is sent before you press Start.'
        )}
      </p>
      <Problem error={error} />
      <button class="button primary" type="submit" disabled={!origin}>
        <Icon of={Play} /> Allow and start
      </button>
    </form>
  );
}

export function RemoteCamera() {
  const ready = !remoteOff && offlineReady.value;
  return (
    <section class="remote-camera" aria-labelledby="remote-camera-heading">
      <header>
        <h2 id="remote-camera-heading">Remote camera analysis</h2>
        <p class="muted">Lets a model on another machine look, over the VILA streaming protocol of robots.</p>
      </header>
      {sending.value ? (
        <div class="row">
          <button class="button primary" type="button" onClick={stopRemote}>
            <Icon of={Square} /> Stop sending
          </button>
        </div>
      ) : ready ? (
        <StartForm />
      ) : (
        <p class="muted" role="status">
          {remoteOff || 'Available as soon as the app is kept for offline use: the service worker guards which addresses may be reached.'}
        </p>
      )}
    </section>
  );
}
