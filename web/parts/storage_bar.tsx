/** What is kept on this device: how much of what the browser allows, and whether it may be cleared by the browser. */
import { useEffect, useState } from 'preact/hooks';
import { bytes, percent } from '../figures';
import { addressOf, route } from '../routes';
import { askToKeep } from '../storage_actions';
import { state, storage, toast } from '../store';

interface Estimate {
  usage: number;
  quota: number;
  persisted: boolean;
}

async function estimate(): Promise<Estimate> {
  const [{ usage = 0, quota = 0 }, persisted] = await Promise.all([navigator.storage.estimate(), navigator.storage.persisted()]);
  return { usage, quota, persisted };
}

export function StorageBar() {
  const [known, setKnown] = useState<Estimate | null>(null);
  const look = (): void => void estimate().then(setKnown, () => setKnown(null));
  useEffect(look, [state.value.storageChanges]);
  const ask = async (): Promise<void> => {
    const granted = await askToKeep();
    toast(granted ? 'The browser will keep everything until you clear it.' : 'The browser did not agree. Installing Cloche usually changes that.');
    look();
  };
  const share = known && known.quota > 0 ? known.usage / known.quota : 0;
  return (
    <section class="card" aria-labelledby="storage-heading">
      <h2 id="storage-heading">Storage</h2>
      {!storage.value.durable && (
        <p class="warning">
          Nothing will be kept: {storage.value.reason || 'this browser gives the page no private files.'}
        </p>
      )}
      {known && (
        <>
          <div class="meter" aria-hidden="true">
            <span style={{ width: `max(2px, ${share * 100}%)` }} />
          </div>
          <p class="figure">
            {bytes(known.usage)} of {bytes(known.quota)} used ({share > 0 && share < 0.01 ? 'under 1 %' : percent(share)}): the
            app, the model and {bytes(storage.value.database_bytes)} of conversations.
          </p>
          {route.value.view !== 'storage' && (
            <p>
              <a href={addressOf({ view: 'storage' })}>Look through what is kept, model by model</a>
            </p>
          )}
          {known.persisted ? (
            <p class="muted">The browser keeps this until you clear it.</p>
          ) : (
            <div class="row">
              <p class="muted">When the disk is full the browser may clear this to make room.</p>
              <button class="button" type="button" onClick={() => void ask()}>
                Ask to keep it
              </button>
            </div>
          )}
        </>
      )}
    </section>
  );
}
