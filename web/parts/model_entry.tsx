/** One model of the catalogue: what it is good for, whether it runs here, and what can be done with it now. */
import { useState } from 'preact/hooks';
import type { CatalogueEntry, Download, Fit } from '../../js_bridge/contract.gen';
import { bytes, count, duration } from '../figures';
import {
  changeDownload,
  chooseModel,
  closedOrigins,
  deleteFiles,
  downloadOf,
  removeModel,
  startDownload,
  unloadModel,
} from '../model_actions';
import { model, settings } from '../store';
import { ModelSettings } from './model_settings';
import { Problem } from './problem';

const ENGINES = { llamacpp: 'llama.cpp', webllm: 'WebLLM', remote: 'remote', browser: 'the browser' };
const VERDICTS = { runs: 'Runs here', slow: 'Runs slowly', cannot: 'Does not run here' };
const PURPOSES = { chat: '', embedding: 'embeddings', rerank: 'reranking' };

export const hostOf = (origin: string): string => new URL(origin).host;

/** `show` brings another model of the catalogue into view; where there is none, alternatives are not named. */
export function Verdict({ fit, nameOf, show }: { fit: Fit; nameOf?: (id: string) => string; show?: (id: string) => void }) {
  const { alternative } = fit;
  return (
    <p class={`fit-${fit.verdict}`}>
      <strong>{VERDICTS[fit.verdict]}.</strong> {fit.reason}
      {alternative && nameOf && show && (
        <>
          {' '}
          Instead:{' '}
          <button class="link" type="button" onClick={() => show(alternative)}>
            {nameOf(alternative)}
          </button>
        </>
      )}
    </p>
  );
}

function Fetching({ download }: { download: Download }) {
  const { model_id: id, name, state, stage, loaded_bytes: loaded, total_bytes: total, bytes_per_second: speed } = download;
  const share = total > 0 ? Math.min(1, loaded / total) : 0;
  const label = `Download of ${name}`;
  const figures = [
    total > 0 ? `${bytes(loaded)} of ${bytes(total)}` : bytes(loaded),
    state === 'running' && speed > 0 ? `${bytes(speed)}/s` : '',
    state === 'running' && download.seconds_left !== null ? `${duration(download.seconds_left * 1000)} left` : '',
  ];
  const words = { queued: 'Waiting its turn', running: stage || 'Downloading', paused: 'Paused', needs_space: 'Needs more room', failed: 'Failed', done: 'Done' };
  return (
    <div class="progress">
      <div class="progress-text">
        <span>{words[state]}</span>
        <span class="figure muted">{figures.filter(Boolean).join(', ')}</span>
      </div>
      <div
        class={`progress-bar ${total > 0 ? '' : 'unmeasured'}`}
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={total > 0 ? Math.round(share * 100) : undefined}
      >
        <span style={total > 0 ? { transform: `scaleX(${share})` } : undefined} />
      </div>
      <Problem error={download.error} />
      <div class="actions">
        {state === 'running' || state === 'queued' ? (
          <button class="button" type="button" aria-label={`Pause ${name}`} onClick={() => changeDownload(id, 'pause')}>
            Pause
          </button>
        ) : (
          <button class="button" type="button" aria-label={`Resume ${name}`} onClick={() => changeDownload(id, 'resume')}>
            {state === 'failed' ? 'Try again' : 'Resume'}
          </button>
        )}
        <button class="button" type="button" aria-label={`Cancel ${name}`} onClick={() => changeDownload(id, 'cancel')}>
          Cancel
        </button>
      </div>
    </div>
  );
}

function Actions({ entry }: { entry: CatalogueEntry }) {
  const { card, fit, installed, origins } = entry;
  const [sure, setSure] = useState(false);
  const { state, card: current } = model.value;
  const here = current?.id === card.id && settings.value.model_id === card.id;
  const download = downloadOf(card.id);
  if (download && download.state !== 'done') return <Fetching download={download} />;
  const closed = closedOrigins(origins).map(hostOf);
  const size = `${fit.estimated ? 'about ' : ''}${bytes(fit.bytes)}`;
  const offer =
    closed.length > 0 ? `Allow ${closed.join(' and ')} and download ${size}` : `Download ${size} from ${origins.map(hostOf).join(' and ')}`;
  const removable = card.source === 'added';
  return (
    <div class="actions">
      {installed && here && state === 'ready' && (
        <button class="button" type="button" aria-label={`Unload ${card.name}`} onClick={unloadModel}>
          Unload
        </button>
      )}
      {installed && card.purpose === 'chat' && !(here && state !== 'unloaded' && state !== 'failed') && (
        <button class="button primary" type="button" aria-label={`Load ${card.name}`} onClick={() => void chooseModel(card.id)}>
          Load
        </button>
      )}
      {!installed && origins.length > 0 && (
        <button
          class="button primary"
          type="button"
          aria-label={`${offer}: ${card.name}`}
          disabled={fit.verdict === 'cannot'}
          onClick={() => void startDownload(entry)}
        >
          {offer}
        </button>
      )}
      {card.source !== 'builtin' && (installed || removable) && !sure && (
        <button class="button" type="button" aria-label={`${installed ? 'Delete' : 'Remove'} ${card.name}`} onClick={() => setSure(true)}>
          {installed ? 'Delete' : 'Remove'}
        </button>
      )}
      {sure && (
        <span class="actions" role="group" aria-label={`Delete ${card.name}?`}>
          <span>{installed ? `Delete ${bytes(fit.bytes)} from this device?` : 'Remove it from the list?'}</span>
          <button class="button" type="button" onClick={() => void (removable ? removeModel(card.id) : deleteFiles(card.id))}>
            Yes, delete
          </button>
          <button class="button quiet" type="button" onClick={() => setSure(false)}>
            Keep
          </button>
        </span>
      )}
    </div>
  );
}

function Details({ entry }: { entry: CatalogueEntry }) {
  const { card, fit } = entry;
  return (
    <details>
      <summary>Details and settings</summary>
      <div class="entry-details">
        {card.abilities.length + card.limits.length > 0 && (
          <ul class="plain-list">
            {card.abilities.map((ability) => (
              <li key={ability}>{ability}</li>
            ))}
            {card.limits.map((limit) => (
              <li key={limit} class="muted">
                {limit}
              </li>
            ))}
          </ul>
        )}
        <dl class="facts">
          {card.repo && (
            <>
              <dt>Repository</dt>
              <dd>{card.repo}</dd>
            </>
          )}
          <dt>Context</dt>
          <dd>
            {count(card.context_window, 'token')}
            {card.trained_context !== null && `, trained up to ${card.trained_context.toLocaleString('en')}`}
          </dd>
          <dt>Memory</dt>
          <dd>about {bytes(fit.memory_bytes)}</dd>
          {card.quantisation && (
            <>
              <dt>Weights</dt>
              <dd>{card.quantisation}</dd>
            </>
          )}
        </dl>
        <ul class="files">
          {card.files.map((file) => (
            <li key={file.name}>
              <span>{file.name}</span>
              <span class="muted figure">{file.size ? bytes(file.size) : 'size asked for at download'}</span>
              <code class="muted">{file.sha256 ? `sha256 ${file.sha256}` : 'sha256 not known yet'}</code>
            </li>
          ))}
        </ul>
        <ModelSettings entry={entry} />
      </div>
    </details>
  );
}

interface EntryProps {
  entry: CatalogueEntry;
  recommended: boolean;
  nameOf: (id: string) => string;
  show: (id: string) => void;
}

export function ModelEntry({ entry, recommended, nameOf, show }: EntryProps) {
  const { card, fit, installed } = entry;
  const { state, card: current } = model.value;
  const loaded = current?.id === card.id && state === 'ready';
  const speed = fit.tokens_per_second === null ? '' : `about ${fit.tokens_per_second.toLocaleString('en', { maximumSignificantDigits: 2 })} tokens/s`;
  const facts = [`${fit.estimated ? 'about ' : ''}${bytes(fit.bytes)}`, card.licence, ENGINES[card.engine], speed];
  return (
    <li>
      <article class="model-entry" id={`model-${card.id}`} aria-label={card.name}>
        <h3>
          {card.name}
          {loaded && <span class="tag">loaded</span>}
          {installed && !loaded && <span class="tag">on this device</span>}
          {recommended && <span class="tag">recommended here</span>}
          {card.modalities.includes('image') && <span class="tag plain">pictures</span>}
          {card.tools && <span class="tag plain">tools</span>}
          {PURPOSES[card.purpose] && <span class="tag plain">{PURPOSES[card.purpose]}</span>}
        </h3>
        <p>{card.summary}</p>
        <p class="muted figure">{facts.filter(Boolean).join(' · ')}</p>
        <Verdict fit={fit} nameOf={nameOf} show={show} />
        <Actions entry={entry} />
        <Details entry={entry} />
      </article>
    </li>
  );
}
