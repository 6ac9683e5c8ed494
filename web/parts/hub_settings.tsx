/** Where models are looked up: the hub's address. Which addresses downloads may come from is in the view Storage. */
import { useState } from 'preact/hooks';
import { saveSettings } from '../actions';
import { readCatalogue } from '../model_actions';
import { originOf } from '../provider_actions';
import { addressOf } from '../routes';
import { settings } from '../store';

const PUBLIC_HUB = 'https://huggingface.co';

export function HubSettings() {
  const [problem, setProblem] = useState('');
  const commit = async (typed: string): Promise<void> => {
    const address = typed.trim().replace(/\/+$/, '') || PUBLIC_HUB;
    if (!address.includes('://') || !originOf(address)) return setProblem(`Write an address like ${PUBLIC_HUB}.`);
    setProblem('');
    await saveSettings({ hub_url: address });
    await readCatalogue();
  };
  return (
    <details>
      <summary>Another hub</summary>
      <div class="entry-details">
        <label class="field">
          <span>Model hub: Hugging Face, or a mirror with the same paths</span>
          <input
            type="text"
            inputMode="url"
            autocomplete="off"
            spellcheck={false}
            value={settings.value.hub_url}
            onChange={({ currentTarget }) => void commit(currentTarget.value)}
          />
        </label>
        {problem && (
          <p class="field-error" role="alert">
            {problem}
          </p>
        )}
        <p class="muted">
          A mirror may send its files from another address than its own: allow that one in{' '}
          <a href={addressOf({ view: 'storage' })}>Storage</a>, where you also see and block what is allowed.
        </p>
      </div>
    </details>
  );
}
