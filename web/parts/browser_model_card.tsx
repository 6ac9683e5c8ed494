/** The browser's own model in the view Models: there, or to be fetched with a person's consent. Owns its wording. */
import { useState } from 'preact/hooks';
import { errorOf } from '../actions';
import { browserModel, browserModelFetched, fetchBrowserModel } from '../browser_model';
import { percent } from '../figures';

export function BrowserModelCard() {
  const [problem, setProblem] = useState<string | null>(null);
  const state = browserModel.value;
  const fetched = browserModelFetched.value;
  if (state === null) return null;
  const fetchIt = (): void => {
    setProblem(null);
    fetchBrowserModel().catch((thrown: unknown) => setProblem(`The browser did not fetch it: ${errorOf(thrown).message}`));
  };
  return (
    <section class="card" aria-labelledby="browser-model-heading">
      <header>
        <h2 id="browser-model-heading">Built into this browser</h2>
        <p>A model that comes with the browser, runs on this device, reads text only. The browser keeps it for all pages.</p>
      </header>
      {fetched !== null ? (
        <label class="field">
          <span>Fetching the browser’s model: {percent(fetched)}</span>
          <progress value={fetched} />
        </label>
      ) : state === 'available' ? (
        <p role="status">It is here. Choose it under “Model” to let it answer.</p>
      ) : (
        <>
          <p class="muted">
            Not here yet. The browser fetches it from its maker: about 4 GB at last count, and it wants some 22 GB of free disk.
            It can be removed in the browser’s settings.
          </p>
          <div class="actions">
            <button class="button" type="button" onClick={fetchIt}>
              {state === 'downloading' ? 'Wait for the download' : 'Fetch (about 4 GB)'}
            </button>
          </div>
        </>
      )}
      {problem && (
        <p class="field-error" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}
