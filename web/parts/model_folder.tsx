/** A folder of the person's own that holds models: which one, whether it may be read, what lies in it. */
import { useEffect } from 'preact/hooks';
import { FolderOpen } from 'lucide';
import type { FolderState } from '../../js_bridge/contract.gen';
import { saveSettings } from '../actions';
import { bytes, count } from '../figures';
import { allowFolder, canUseFolders, forgetFolder, lookIntoFolder, pickFolder, stopMoving } from '../model_folder';
import { showModel } from '../model_search';
import { addressOf, route } from '../routes';
import { settings, state } from '../store';
import { Icon } from './icon';
import { Progress } from './progress';

function Button({ label, press }: { label: string; press: () => Promise<void> }) {
  return (
    <button class="button" type="button" onClick={() => void press()}>
      {label}
    </button>
  );
}

/** Why nothing in it can be read, and what to do. */
function Closed({ folder: { state: why, name } }: { folder: FolderState }) {
  if (why === 'ask') {
    return (
      <div class="row">
        <p class="warning">The browser wants you to allow this page the folder "{name}" again.</p>
        <Button label="Allow again" press={allowFolder} />
      </div>
    );
  }
  if (why === 'denied') {
    return (
      <p class="warning">
        This page may not read the folder "{name}": permission was denied. Allow it in the browser's settings for this site,
        beside the address, or choose the folder again.
      </p>
    );
  }
  return <p class="warning">The folder "{name}" is no longer where it was. Put it back and look again, or choose another one.</p>;
}

function Models({ folder: { name, models, problems } }: { folder: FolderState }) {
  const inModels = route.value.view === 'models';
  return (
    <>
      <p>
        {count(models.length, 'model')} in "{name}"{models.length === 0 && ': no GGUF file that is a whole model lies there'}.
      </p>
      <ul class="files">
        {models.map((model) => (
          <li key={model.model_id}>
            <span>{model.name}</span>
            <span class="muted figure">{bytes(model.size)}</span>
            {inModels && (
              <button class="link" type="button" aria-label={`Show ${model.name}`} onClick={() => showModel(model.model_id)}>
                Show
              </button>
            )}
          </li>
        ))}
        {problems.map(({ path, message }) => (
          <li key={path} class="muted">
            {message}
          </li>
        ))}
      </ul>
      {!inModels && models.length > 0 && (
        <p>
          <a href={addressOf({ view: 'models' })}>Load one of them under Models</a>
        </p>
      )}
    </>
  );
}

/** A model on its way there. */
function Move({ folder: { name, moving } }: { folder: FolderState }) {
  if (!moving) return null;
  return (
    <>
      <Progress label={`Moving into "${name}"`} loaded={moving.loaded_bytes} total={moving.total_bytes} />
      <div class="actions">
        <button class="button" type="button" onClick={stopMoving}>
          Stop moving
        </button>
      </div>
    </>
  );
}

function KeepHere() {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={settings.value.models_in_folder}
        onChange={({ currentTarget }) => void saveSettings({ models_in_folder: currentTarget.checked })}
      />{' '}
      Keep new models here: each is moved once it came whole
    </label>
  );
}

function Chosen({ folder }: { folder: FolderState }) {
  return (
    <>
      {folder.state === 'open' ? <Models folder={folder} /> : <Closed folder={folder} />}
      <KeepHere />
      <Move folder={folder} />
      <div class="actions">
        <Button label="Look again" press={lookIntoFolder} />
        <Button label="Choose another folder" press={pickFolder} />
        <Button label="Forget the folder" press={forgetFolder} />
      </div>
    </>
  );
}

function Choose() {
  if (!canUseFolders()) {
    return (
      <p class="muted">
        This browser lets no page use a folder on the disk; Chrome and Edge on a computer do. Files can still be added one
        model at a time, which copies them into the browser.
      </p>
    );
  }
  return (
    <p class="row">
      <button class="button" type="button" onClick={() => void pickFolder()}>
        <Icon of={FolderOpen} /> Choose a folder
      </button>
      <span class="muted">The browser asks before this page may read and write there.</span>
    </p>
  );
}

export function ModelFolder() {
  const { folder, phase } = state.value;
  useEffect(() => {
    if (phase === 'up') void lookIntoFolder();
  }, [phase]);
  return (
    <section class="card" aria-labelledby="folder-heading">
      <header>
        <h2 id="folder-heading">Your own folder of models</h2>
        <p>GGUF models that already lie on this computer run from there: nothing is copied into the browser.</p>
      </header>
      {folder && folder.state !== 'none' ? <Chosen folder={folder} /> : <Choose />}
    </section>
  );
}
