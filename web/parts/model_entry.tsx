/** One model of the catalogue: what it is good for, whether it runs here, and what can be done with it now. */
import type { CatalogueEntry, Fit } from '../../js_bridge/contract.gen';
import { bytes, count } from '../figures';
import {
  chooseModel,
  closedOrigins,
  deleteFiles,
  releaseModel,
  removeModel,
  runFromMemory,
  startDownload,
  unloadModel,
} from '../model_actions';
import { allowFolder } from '../model_folder';
import { downloads, model, settings, state } from '../store';
import { DeleteButton } from './delete_button';
import { DownloadState } from './download_queue';
import { ModelSettings } from './model_settings';

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

/** For where there is no room on the disk. */
function FromMemory({ entry }: { entry: CatalogueEntry }) {
  const { card, fit, origins } = entry;
  const closed = closedOrigins(origins).map(hostOf);
  const allow = closed.length > 0 ? `Allow ${closed.join(' and ')} and run` : 'Run';
  return (
    <div class="from-memory">
      <button
        class="button primary"
        type="button"
        aria-label={`Run ${card.name} from memory for this visit only`}
        onClick={() => void runFromMemory(entry)}
      >
        {allow} from memory, for this visit only
      </button>
      <p class="muted">
        Fetches {bytes(fit.bytes)} into memory. Nothing is kept: when this tab closes it is gone, and has to be fetched again.
      </p>
    </div>
  );
}

function Release({ entry: { card } }: { entry: CatalogueEntry }) {
  return (
    <button class="button" type="button" aria-label={`Remove ${card.name} from memory`} onClick={() => void releaseModel(card.id)}>
      Remove from memory
    </button>
  );
}

function Actions({ entry }: { entry: CatalogueEntry }) {
  const { card, fit, installed, held, origins } = entry;
  const { state: doing, card: current } = model.value;
  const { folder, catalogue } = state.value;
  const storage = catalogue?.device.file_storage ?? true;
  // What cannot be kept can still run from memory; where only the disk is in the way, the verdict says so.
  const noRoom = !installed && !held && (!storage || fit.verdict === 'cannot');
  const here = current?.id === card.id && settings.value.model_id === card.id;
  const { downloads: queue } = downloads.value;
  const place = queue.findIndex((download) => download.model_id === card.id);
  const download = queue[place];
  const waits = download?.state === 'needs_space';
  if (download && download.state !== 'done') {
    return (
      <>
        <DownloadState download={download} place={place} />
        {waits && entry.holdable && !held && <FromMemory entry={entry} />}
        {held && <Release entry={entry} />}
      </>
    );
  }
  const closed = closedOrigins(origins).map(hostOf);
  const size = `${fit.estimated ? 'about ' : ''}${bytes(fit.bytes)}`;
  const from = origins.length > 0 ? ` from ${origins.map(hostOf).join(' and ')}` : '';
  const offer = closed.length > 0 ? `Allow ${closed.join(' and ')} and download ${size}` : `Download ${size}${from}`;
  // Files that were taken from this machine have no address to come from again; those of this site's own need no other.
  const offered = card.source !== 'folder' && (origins.length > 0 || card.files.every(({ url }) => url !== ''));
  const removable = card.source === 'added';
  return (
    <div class="actions">
      {here && doing === 'fetching' && card.source !== 'builtin' && (
        <button class="button" type="button" aria-label={`Stop fetching ${card.name}`} onClick={unloadModel}>
          Stop
        </button>
      )}
      {(installed || held) && here && doing === 'ready' && (
        <button class="button" type="button" aria-label={`Unload ${card.name}`} onClick={unloadModel}>
          Unload
        </button>
      )}
      {(installed || held) && card.purpose === 'chat' && !(here && doing !== 'unloaded' && doing !== 'failed') && (
        <button class="button primary" type="button" aria-label={`Load ${card.name}`} onClick={() => void chooseModel(card.id)}>
          Load
        </button>
      )}
      {!installed && card.source === 'folder' && folder?.state === 'ask' && (
        <button class="button primary" type="button" aria-label={`Allow again: ${card.name}`} onClick={() => void allowFolder()}>
          Allow again
        </button>
      )}
      {offered && noRoom && entry.holdable && !(here && doing === 'fetching') && <FromMemory entry={entry} />}
      {held && <Release entry={entry} />}
      {!installed && !held && offered && storage && (
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
      {card.source !== 'builtin' && card.source !== 'folder' && (installed || removable) && (
        <DeleteButton
          name={card.name}
          label={installed ? 'Delete' : 'Remove'}
          question={installed ? `Delete ${bytes(fit.bytes)} from this device?` : 'Remove it from the list?'}
          run={() => void (removable ? removeModel(card.id) : deleteFiles(card.id))}
        />
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
  const { card, fit, installed, held } = entry;
  const { state: doing, card: current } = model.value;
  const loaded = current?.id === card.id && doing === 'ready';
  const speed = fit.tokens_per_second === null ? '' : `about ${fit.tokens_per_second.toLocaleString('en', { maximumSignificantDigits: 2 })} tokens/s`;
  const facts = [`${fit.estimated ? 'about ' : ''}${bytes(fit.bytes)}`, card.licence, ENGINES[card.engine], speed];
  return (
    <li>
      <article class="model-entry" id={`model-${card.id}`} aria-label={card.name}>
        <h3>
          {card.name}
          {loaded && <span class="tag">loaded</span>}
          {held && <span class="tag">for this visit only</span>}
          {installed && !loaded && <span class="tag">{card.source === 'folder' ? 'in your folder' : 'on this device'}</span>}
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
