/** In Settings: everything as one file, and files back in. Owns what the last import said. */
import { useRef, useState } from 'preact/hooks';
import { Download, Upload } from 'lucide';
import { errorOf } from '../actions';
import { exportEverything, importFile } from '../transfer';
import { Icon } from './icon';

type Outcome = { done: string } | { problem: string } | null;

export function TransferCard() {
  const picker = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState<'exporting' | 'importing' | null>(null);
  const [outcome, setOutcome] = useState<Outcome>(null);
  const [trusted, setTrusted] = useState(false);
  const run = async (what: 'exporting' | 'importing', task: () => Promise<Outcome>): Promise<void> => {
    setBusy(what);
    setOutcome(null);
    try {
      setOutcome(await task());
    } catch (thrown) {
      const { message, action } = errorOf(thrown);
      setOutcome({ problem: `${message} ${action}`.trim() });
    } finally {
      setBusy(null);
    }
  };
  const take = (file: File | undefined): void => {
    if (file) void run('importing', async () => ({ done: await importFile(file, trusted) }));
  };
  return (
    <section class="card" aria-labelledby="transfer-heading">
      <h2 id="transfer-heading">Export and import</h2>
      <p>
        One file holds all conversations with every version of each message, pictures and files, to-dos and notes, your
        extensions and packages, providers without their keys, the trace, and these settings. An import adds what is not here
        yet and overwrites nothing.
      </p>
      <div class="row">
        <button
          class="button"
          type="button"
          disabled={busy !== null}
          onClick={() => void run('exporting', async () => (await exportEverything(), null))}
        >
          <Icon of={Download} /> Export everything
        </button>
        <button class="button" type="button" disabled={busy !== null} onClick={() => picker.current?.click()}>
          <Icon of={Upload} /> Import
        </button>
        <input
          ref={picker}
          type="file"
          accept=".zip,.json,.md"
          hidden
          onChange={({ currentTarget }) => {
            take(currentTarget.files?.[0]);
            currentTarget.value = '';
          }}
        />
      </div>
      <label class="row">
        <input type="checkbox" checked={trusted} onChange={({ currentTarget }) => setTrusted(currentTarget.checked)} />
        The file is my own: switch its extensions on where they were on
      </label>
      <p role="status">
        {busy === 'importing' ? 'Importing…' : busy === 'exporting' ? 'Exporting…' : outcome && 'done' in outcome ? outcome.done : ''}
      </p>
      {outcome && 'problem' in outcome && (
        <p class="field-error" role="alert">
          {outcome.problem}
        </p>
      )}
    </section>
  );
}
