/** Every model on this device with its files: how large, used when, checked when, and what can be done with it. */
import type { KeptModel } from '../../js_bridge/contract.gen';
import { bytes, time } from '../figures';
import { STARTER } from '../model_actions';
import { moveToFolder } from '../model_folder';
import { downloads, state } from '../store';
import { checking, check, deleteKept, exportFile, forgetPrompts, kept, pin } from '../storage_actions';
import { DeleteButton } from './delete_button';

const ENGINES: Record<string, string> = { llamacpp: 'llama.cpp', webllm: 'WebLLM' };

function Delete({ model }: { model: KeptModel }) {
  if (model.loaded) return <p class="muted">In use: choose another model, or unload it, before it can be deleted.</p>;
  return <DeleteButton name={model.name} question={`Delete ${bytes(model.size)} from this device?`} run={() => void deleteKept(model)} />;
}

function Entry({ model }: { model: KeptModel }) {
  const { model_id: modelId, name, engine, size, complete, pinned, loaded, used_at: used, files } = model;
  const busy = checking.value.has(modelId);
  const { folder } = state.value;
  const facts = [bytes(size), ENGINES[engine] ?? engine, used === null ? 'never used' : `used ${time(used)}`];
  return (
    <li>
      <article class="kept" aria-label={name} aria-busy={busy}>
        <h3>
          {name}
          {loaded && <span class="tag">loaded</span>}
          {pinned && <span class="tag">pinned</span>}
          {!complete && <span class="tag plain">not complete</span>}
        </h3>
        <p class="muted figure">{facts.filter(Boolean).join(' · ')}</p>
        <ul class="files">
          {files.map((file) => (
            <li key={file.name}>
              <span>{file.name}</span>
              <span class="muted figure">{file.whole ? bytes(file.size) : `${bytes(file.size)} so far`}</span>
              <span class="muted">{file.verified_at === null ? 'not checked yet' : `checked ${time(file.verified_at)}`}</span>
              {file.sha256 && <code class="muted">sha256 {file.sha256}</code>}
              {file.whole && (
                <button
                  class="button quiet"
                  type="button"
                  aria-label={`Export ${file.name}`}
                  onClick={() => void exportFile(modelId, file.name)}
                >
                  Export
                </button>
              )}
            </li>
          ))}
        </ul>
        <div class="actions">
          {complete && (
            <button class="button" type="button" aria-label={`Check ${name}`} disabled={busy} onClick={() => void check(model)}>
              {busy ? 'Checking …' : 'Check'}
            </button>
          )}
          {complete && (
            <button class="button" type="button" aria-label={`Pin ${name}`} aria-pressed={pinned} onClick={() => pin(model)}>
              {pinned ? 'Pinned' : 'Pin'}
            </button>
          )}
          {complete && !loaded && engine === 'llamacpp' && modelId !== STARTER && folder?.state === 'open' && (
            <button
              class="button"
              type="button"
              aria-label={`Move ${name} to the folder`}
              disabled={folder.moving !== null}
              onClick={() => void moveToFolder(modelId, name)}
            >
              Move to "{folder.name}"
            </button>
          )}
          <Delete model={model} />
        </div>
      </article>
    </li>
  );
}

export function KeptModels() {
  const fetching = new Set(
    downloads.value.downloads.filter(({ state }) => state !== 'done').map(({ model_id }) => model_id),
  );
  const models = kept.value?.models.filter(({ model_id }) => !fetching.has(model_id));
  return (
    <section class="card" aria-labelledby="kept-heading">
      <h2 id="kept-heading">Models on this device</h2>
      <p class="muted">Pinned models are never offered for deletion when another one needs room.</p>
      {models?.length === 0 && <p>Nothing is kept yet: models that you download will be listed here.</p>}
      <ul class="kept-list">
        {models?.map((model) => (
          <Entry key={model.model_id} model={model} />
        ))}
      </ul>
      {kept.value !== null && kept.value.prompt_bytes > 0 && (
        <div class="row">
          <p class="muted">
            {bytes(kept.value.prompt_bytes)} more hold what models have read of your last long conversations, so that these go on
            at once after a reload.
          </p>
          <button class="button" type="button" aria-label="Forget what models have read" onClick={() => void forgetPrompts()}>
            Forget
          </button>
        </div>
      )}
    </section>
  );
}
