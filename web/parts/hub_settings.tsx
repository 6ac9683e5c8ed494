/** Where models come from: the hub's address, and every other address that is open for downloads, each with a way to close it. */
import { useEffect, useState } from 'preact/hooks';
import { errorOf, report, saveSettings } from '../actions';
import { readCatalogue } from '../model_actions';
import { allowDownloads, downloadOrigins, readOrigins, remoteOff, setDownloadOrigins } from '../open_origins';
import { originOf } from '../provider_actions';
import { offlineReady } from '../service_worker';
import { settings } from '../store';

/** Keeps the hub's address; the returned text says why it cannot be. */
async function commitHub(typed: string): Promise<string> {
  const address = typed.trim().replace(/\/+$/, '') || 'https://huggingface.co';
  if (!originOf(address) || !address.includes('://')) return 'Write an address like https://huggingface.co.';
  await saveSettings({ hub_url: address });
  await readCatalogue();
  return '';
}

export function HubSettings() {
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState('');
  const ready = !remoteOff && offlineReady.value;
  useEffect(() => {
    if (ready) readOrigins().catch(report);
  }, [ready]);
  const open = downloadOrigins.value ?? [];
  const allow = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const origin = originOf(typed);
    if (!origin) return setProblem('Write an address like https://mirror.example.');
    try {
      await allowDownloads(origin);
      setTyped('');
      setProblem('');
    } catch (thrown) {
      setProblem(errorOf(thrown).message);
    }
  };
  return (
    <details>
      <summary>Hub and allowed addresses</summary>
      <div class="entry-details">
        <label class="field">
          <span>Model hub: Hugging Face, or a mirror with the same paths</span>
          <input
            type="text"
            inputMode="url"
            autocomplete="off"
            spellcheck={false}
            value={settings.value.hub_url}
            onChange={({ currentTarget }) => void commitHub(currentTarget.value).then(setProblem)}
          />
        </label>
        {open.length > 0 ? (
          <ul class="plain-list" aria-label="Addresses open for downloads">
            {open.map((origin) => (
              <li key={origin}>
                {origin}{' '}
                <button class="link" type="button" aria-label={`Close ${origin}`} onClick={() => void setDownloadOrigins(open.filter((other) => other !== origin)).catch(report)}>
                  Close
                </button>
              </li>
            ))}
          </ul>
        ) : (
          <p class="muted">No address is open for downloads. The buttons that look up and download open theirs.</p>
        )}
        <form class="add-model" onSubmit={(event) => void allow(event)}>
          <label class="field">
            <span>Another address that a hub sends its files from</span>
            <input type="text" autocomplete="off" spellcheck={false} value={typed} onInput={({ currentTarget }) => setTyped(currentTarget.value)} />
          </label>
          <button class="button" type="submit" disabled={!ready}>
            Allow
          </button>
        </form>
        {problem && (
          <p class="field-error" role="alert">
            {problem}
          </p>
        )}
      </div>
    </details>
  );
}
