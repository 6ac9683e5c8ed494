/** The addresses that models may be downloaded from: what a person has allowed, to take back or to add to. */
import { useEffect, useState } from 'preact/hooks';
import { errorOf } from '../actions';
import { allowDownloads, downloadOrigins, readOrigins, remoteOff, setDownloadOrigins } from '../open_origins';

export function DownloadAddresses() {
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState('');
  useEffect(() => void readOrigins().catch(() => undefined), []);
  const attempt = (work: Promise<void>): void => {
    setProblem('');
    work.then(
      () => setTyped(''),
      (thrown: unknown) => setProblem(errorOf(thrown).message),
    );
  };
  const open = downloadOrigins.value ?? [];
  return (
    <section class="card" aria-labelledby="addresses-heading">
      <h2 id="addresses-heading">Where downloads may come from</h2>
      <p class="muted">
        The browser blocks every other address. A hub may deliver its files from another address than its own: those of
        huggingface.co are allowed with it, any other has to be added here.
      </p>
      {remoteOff && <p class="warning">{remoteOff}</p>}
      <ul class="kept-list">
        {open.map((origin) => (
          <li key={origin} class="row">
            <code>{origin}</code>
            <button
              class="button"
              type="button"
              aria-label={`Block ${origin}`}
              onClick={() => attempt(setDownloadOrigins(open.filter((each) => each !== origin)))}
            >
              Block
            </button>
          </li>
        ))}
      </ul>
      <form
        class="row"
        aria-label="Allow an address"
        onSubmit={(event) => {
          event.preventDefault();
          attempt(allowDownloads(typed.trim()));
        }}
      >
        <input
          type="url"
          required
          aria-label="Address to download from"
          placeholder="https://mirror.example"
          value={typed}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        />
        <button class="button" type="submit">
          Allow
        </button>
      </form>
      {problem && (
        <p class="field-error" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}
