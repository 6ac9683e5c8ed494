/** Adding any model: by repository, by address, or from files on this machine. Owns the form and what it shows of an offer. */
import { useRef, useState } from 'preact/hooks';
import { FileUp } from 'lucide';
import type { ErrorInfo, HeadsRead, Offer, Variant } from '../../js_bridge/contract.gen';
import { errorOf } from '../actions';
import { bytes } from '../figures';
import { importModel } from '../model_import';
import { addModel, closedOrigins, findModel, lookUpOrigin, readFiles } from '../model_actions';
import { showModel } from '../model_search';
import { toast } from '../store';
import { Icon } from './icon';
import { HubSettings } from './hub_settings';
import { hostOf, Verdict } from './model_entry';
import { Problem } from './problem';
import { Progress } from './progress';

function VariantRow({ variant: { card, fit, advice }, added }: { variant: Variant; added: () => void }) {
  const [error, setError] = useState<ErrorInfo | null>(null);
  const add = async (): Promise<void> => {
    try {
      const { id, name } = await addModel(card);
      toast(`${name} is in the list now. Press Download there.`);
      added();
      showModel(id);
    } catch (thrown) {
      setError(errorOf(thrown));
    }
  };
  const projector = card.files.some(({ role }) => role === 'projector') ? ', with its picture encoder' : '';
  const parts = card.files.filter(({ role }) => role === 'weights').length;
  return (
    <li class="variant">
      <h3>
        {card.name} {card.quantisation && <span class="tag plain">{card.quantisation}</span>}
      </h3>
      <p class="muted figure">
        {fit.estimated ? 'about ' : ''}
        {bytes(fit.bytes)}
        {parts > 1 && ` in ${parts} parts`}
        {projector} · {card.licence}
      </p>
      {advice && <p>{advice}</p>}
      <Verdict fit={fit} />
      <Problem error={error} />
      <button class="button" type="button" aria-label={`Add ${card.name}`} onClick={() => void add()}>
        Add
      </button>
    </li>
  );
}

function Offered({ offer, close }: { offer: Offer; close: () => void }) {
  return (
    <section aria-label="What was found">
      <p>
        {offer.repo ? `${offer.repo} holds ${offer.variants.length === 1 ? 'this model' : 'these models'}; ` : ''}
        the best choice for this device comes first.
      </p>
      <ul class="model-entries">
        {offer.variants.map((variant) => (
          <VariantRow key={variant.card.id} variant={variant} added={close} />
        ))}
      </ul>
    </section>
  );
}

function FromDisk() {
  const picker = useRef<HTMLInputElement>(null);
  const [error, setError] = useState<ErrorInfo | null>(null);
  const [read, setRead] = useState<HeadsRead | null>(null);
  const [files, setFiles] = useState<readonly File[]>([]);
  const [copied, setCopied] = useState<{ loaded: number; total: number } | null>(null);
  const take = async (chosen: readonly File[]): Promise<void> => {
    if (chosen.length === 0) return;
    setError(null);
    setRead(null);
    setFiles(chosen);
    try {
      setRead(await readFiles(chosen));
    } catch (thrown) {
      setError(errorOf(thrown));
    }
  };
  const add = async (): Promise<void> => {
    if (!read?.card) return;
    const total = files.reduce((sum, { size }) => sum + size, 0);
    setCopied({ loaded: 0, total });
    try {
      const card = await addModel(read.card);
      await importModel(card, files, (loaded) => setCopied({ loaded, total }));
      toast(`${card.name} is on this device now.`);
      showModel(card.id);
      setRead(null);
    } catch (thrown) {
      setError(errorOf(thrown));
    } finally {
      setCopied(null);
    }
  };
  return (
    <div
      class="disk-drop"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        void take([...(event.dataTransfer?.files ?? [])]);
      }}
    >
      <p class="row">
        <button class="button" type="button" onClick={() => picker.current?.click()}>
          <Icon of={FileUp} /> Choose GGUF files
        </button>
        <span class="muted">or drop them here: all parts of one model, its picture encoder, a LoRA adapter.</span>
      </p>
      <input
        ref={picker}
        type="file"
        accept=".gguf"
        multiple
        hidden
        aria-label="GGUF files"
        onChange={({ currentTarget }) => {
          void take([...(currentTarget.files ?? [])]);
          currentTarget.value = '';
        }}
      />
      <Problem error={error} />
      {read?.card && read.fit && (
        <section aria-label="What was found">
          <h3>
            {read.card.name} <span class="tag plain">{read.card.architecture}</span>
          </h3>
          <p class="muted figure">
            {bytes(read.fit.bytes)}, {read.card.quantisation || 'quantisation not stated'}
          </p>
          <Verdict fit={read.fit} />
          {copied ? (
            <Progress label="Copying into this browser" loaded={copied.loaded} total={copied.total} />
          ) : (
            <button class="button primary" type="button" onClick={() => void add()}>
              Add to this device
            </button>
          )}
        </section>
      )}
    </div>
  );
}

export function AddModel() {
  const [typed, setTyped] = useState('');
  const [offer, setOffer] = useState<Offer | null>(null);
  const [error, setError] = useState<ErrorInfo | null>(null);
  const [busy, setBusy] = useState(false);
  const origin = lookUpOrigin(typed);
  const find = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (!origin) return;
    setBusy(true);
    setError(null);
    setOffer(null);
    try {
      setOffer(await findModel(typed, origin));
    } catch (thrown) {
      setError(errorOf(thrown));
    } finally {
      setBusy(false);
    }
  };
  const closed = origin ? closedOrigins([origin]).length > 0 : false;
  return (
    <section class="card" aria-labelledby="add-model-heading">
      <header>
        <h2 id="add-model-heading">Add any model</h2>
        <p>GGUF models from Hugging Face, from any address, or from your disk.</p>
      </header>
      <form class="add-model" onSubmit={(event) => void find(event)}>
        <label class="field">
          <span>Repository or address</span>
          <input
            type="text"
            autocomplete="off"
            spellcheck={false}
            placeholder="owner/name-GGUF or https://…/model.gguf"
            value={typed}
            onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          />
        </label>
        <button class="button primary" type="submit" disabled={!origin || busy}>
          {busy ? 'Looking…' : closed && origin ? `Allow ${hostOf(origin)} and look up` : 'Look up'}
        </button>
      </form>
      {origin && (
        <p class="muted">
          Asks <strong>{hostOf(origin)}</strong> what is there. It learns your address and what you look for, nothing else.
        </p>
      )}
      <Problem error={error} />
      {offer && <Offered offer={offer} close={() => setOffer(null)} />}
      <FromDisk />
      <HubSettings />
    </section>
  );
}
