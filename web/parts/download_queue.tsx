/** The queue of downloads: each with its files, its rate and time left, and what can be done with it. */
import type { Download } from '../../js_bridge/contract.gen';
import { bytes, duration } from '../figures';
import { downloads } from '../store';
import { inQueue } from '../storage_actions';
import { MakeRoom } from './make_room';
import { Problem } from './problem';
import { ProgressBar } from './progress';

const STATES = {
  queued: 'Waiting its turn',
  running: 'Downloading',
  paused: 'Paused',
  needs_space: 'Needs more room',
  failed: 'Failed',
  done: 'Done',
};

function figures(loaded: number, total: number, perSecond: number, left: number | null): string {
  return [
    total > 0 ? `${bytes(loaded)} of ${bytes(total)}` : bytes(loaded),
    perSecond > 0 ? `${bytes(Math.round(perSecond))}/s` : '',
    left === null ? '' : `${duration(left * 1000)} left`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** How far one download is, what stands in its way, and what can be done with it. `place` counts from the queue's head. */
export function DownloadState({ download, place }: { download: Download; place: number }) {
  const { model_id: modelId, name, state, stage, error, files } = download;
  const running = state === 'running';
  const button = (label: string, press: () => void) => (
    <button class="button" type="button" aria-label={`${label} ${name}`} onClick={press}>
      {label}
    </button>
  );
  return (
    <>
      <div class="progress">
        <div class="progress-text">
          <span>{(running && stage) || STATES[state]}</span>
          <span class="figure muted">
            {figures(download.loaded_bytes, download.total_bytes, download.bytes_per_second, download.seconds_left)}
          </span>
        </div>
        <ProgressBar label={`Download of ${name}`} loaded={download.loaded_bytes} total={download.total_bytes} />
      </div>
      {state !== 'needs_space' && <Problem error={error} />}
      {state === 'needs_space' && <MakeRoom download={download} />}
      {files.length > 1 && (
        <details>
          <summary>Files</summary>
          <ul class="files">
            {files.map((file) => (
              <li key={file.name}>
                <span>{file.name}</span>
                <span class="muted figure">
                  {figures(file.loaded_bytes, file.total_bytes, file.bytes_per_second, file.seconds_left)}
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
      <div class="actions">
        {(running || state === 'queued') && button('Pause', () => inQueue('download.pause', { model_id: modelId }))}
        {state === 'paused' && button('Resume', () => inQueue('download.resume', { model_id: modelId }))}
        {(state === 'failed' || state === 'needs_space') &&
          button('Try again', () => inQueue('download.resume', { model_id: modelId }))}
        {place > 0 && state === 'queued' && button('Sooner', () => inQueue('download.move', { model_id: modelId, place: place - 1 }))}
        {button(state === 'done' ? 'Dismiss' : 'Cancel', () => inQueue('download.cancel', { model_id: modelId }))}
      </div>
    </>
  );
}

function Entry({ download, place }: { download: Download; place: number }) {
  return (
    <li>
      <article class="kept" aria-label={`Download of ${download.name}`}>
        <h3>{download.name}</h3>
        <DownloadState download={download} place={place} />
      </article>
    </li>
  );
}

export function DownloadQueue() {
  const { downloads: queue, bytes_per_second: speed, seconds_left: left } = downloads.value;
  if (queue.length === 0) return null;
  return (
    <section class="card" aria-labelledby="downloads-heading">
      <h2 id="downloads-heading">Downloads</h2>
      {speed > 0 && (
        <p class="muted figure">
          {bytes(Math.round(speed))}/s in all{left === null ? '' : `, ${duration(left * 1000)} left`}
        </p>
      )}
      <ul class="kept-list">
        {queue.map((download, place) => (
          <Entry key={download.model_id} download={download} place={place} />
        ))}
      </ul>
    </section>
  );
}
