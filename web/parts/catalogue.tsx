/** The catalogue: search, filters, and every model with its verdict. Models that cannot run stay, with the reason. */
import { useEffect, useState } from 'preact/hooks';
import type { CatalogueList } from '../../js_bridge/contract.gen';
import { count } from '../figures';
import { readCatalogue } from '../model_actions';
import { filters, inOrder, matching, showModel, type Filters } from '../model_search';
import { state } from '../store';
import { ModelEntry } from './model_entry';

const SHOWN_AT_FIRST = 12;

type Flag = { [K in keyof Filters]: Filters[K] extends boolean ? K : never }[keyof Filters];

const FLAGS: readonly [Flag, string][] = [
  ['runsHere', 'Runs here'],
  ['pictures', 'Pictures'],
  ['tools', 'Tools'],
  ['installed', 'On this device'],
];

function FilterBar() {
  const { value: chosen } = filters;
  const set = (change: Partial<Filters>): void => {
    filters.value = { ...chosen, ...change };
  };
  return (
    <div class="filters" role="search" aria-label="Models">
      <div class="field wide">
        <input
          type="search"
          aria-label="Search models"
          placeholder="Search models"
          value={chosen.text}
          onInput={({ currentTarget }) => set({ text: currentTarget.value })}
        />
      </div>
      <div class="field">
        <select
          aria-label="Engine"
          value={chosen.engine}
          onChange={({ currentTarget }) => set({ engine: currentTarget.value as Filters['engine'] })}
        >
          <option value="any">Any engine</option>
          <option value="llamacpp">llama.cpp</option>
          <option value="webllm">WebLLM (WebGPU)</option>
        </select>
      </div>
      {FLAGS.map(([flag, label]) => (
        <label key={flag} class="check">
          <input type="checkbox" checked={chosen[flag]} onChange={({ currentTarget }) => set({ [flag]: currentTarget.checked })} /> {label}
        </label>
      ))}
    </div>
  );
}

function Entries({ catalogue }: { catalogue: CatalogueList }) {
  const [all, setAll] = useState(false);
  const found = inOrder(matching(catalogue.entries, filters.value), catalogue.recommended);
  const shown = all ? found : found.slice(0, SHOWN_AT_FIRST);
  const nameOf = (id: string): string => catalogue.entries.find(({ card }) => card.id === id)?.card.name ?? id;
  return (
    <>
      <p class="muted" role="status">
        {count(found.length, 'model')} of {catalogue.entries.length}
      </p>
      {found.length === 0 && <p>Nothing matches. Clear a filter, or add a model of your own below.</p>}
      <ul class="model-entries">
        {shown.map((entry) => (
          <ModelEntry key={entry.card.id} entry={entry} recommended={entry.card.id === catalogue.recommended} nameOf={nameOf} show={showModel} />
        ))}
      </ul>
      {shown.length < found.length && (
        <button class="button" type="button" onClick={() => setAll(true)}>
          Show all {found.length}
        </button>
      )}
    </>
  );
}

export function Catalogue() {
  const { catalogue, phase, storageChanges } = state.value;
  useEffect(() => {
    if (phase === 'up') void readCatalogue();
  }, [phase, storageChanges]);
  return (
    <section class="card" aria-labelledby="catalogue-heading">
      <header>
        <h2 id="catalogue-heading">All models</h2>
        <p>Nothing is fetched until you press a button that says what, how much and from where.</p>
      </header>
      <FilterBar />
      {catalogue ? <Entries catalogue={catalogue} /> : <p role="status">Looking at this device…</p>}
    </section>
  );
}
