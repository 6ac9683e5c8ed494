/** The view "Models": what the chosen model can do and what really runs, this device, every other model, and providers. */
import type { Figure, ModelCard } from '../../js_bridge/contract.gen';
import { bytes, count, percent } from '../figures';
import { AddModel } from '../parts/add_model';
import { Catalogue } from '../parts/catalogue';
import { Benchmark } from '../parts/benchmark';
import { BrowserModelCard } from '../parts/browser_model_card';
import { ModelFolder } from '../parts/model_folder';
import { ModelState } from '../parts/model_panel';
import { StorageBar } from '../parts/storage_bar';
import { ThisDevice } from '../parts/this_device';
import { card, model } from '../store';
import { Providers } from './providers';

function Figures({ figures }: { figures: readonly Figure[] }) {
  return (
    <table class="bars">
      <caption>Share of right answers on cases that training never saw</caption>
      <thead>
        <tr>
          <th scope="col">Task</th>
          <th scope="col">Right</th>
          <th scope="col" class="number">
            Cases
          </th>
        </tr>
      </thead>
      <tbody>
        {figures.map(({ label, value, cases }) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            <td>
              <span class="bar" aria-hidden="true">
                <span style={{ width: `${value * 100}%` }} />
              </span>
              <span class="figure">{percent(value)}</span>
            </td>
            <td class="number figure muted">{cases}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function List({ title, items }: { title: string; items: readonly string[] }) {
  if (items.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <ul class="plain-list">
        {items.map((item) => (
          <li key={item}>{item}</li>
        ))}
      </ul>
    </section>
  );
}

/** What sums the model up and what runs now; everything else is folded away, for other models follow below. */
function Card({ shown }: { shown: ModelCard }) {
  const { value: status } = model;
  const size = shown.files.reduce((sum, file) => sum + file.size, 0);
  const sums = shown.figures.filter(({ label }) => label.startsWith('All '));
  const others = shown.figures.filter((figure) => !sums.includes(figure));
  return (
    <article class="card" aria-labelledby="model-name">
      <header>
        <h2 id="model-name">
          {shown.name} {shown.tiny && <span class="tag">tiny</span>}
        </h2>
        <p>{shown.summary}</p>
      </header>
      {sums.length > 0 && <Figures figures={sums} />}
      <section>
        <h3>What runs now</h3>
        <ModelState status={status} />
      </section>
      <details>
        <summary>What it can and cannot do, and its files</summary>
        <div class="entry-details">
          <div class="card-columns">
            <List title="What it can do" items={shown.abilities} />
            <List title="What it cannot do" items={shown.limits} />
          </div>
          {others.length > 0 && <Figures figures={others} />}
          <section>
            <h3>The model</h3>
            <dl class="facts">
              <dt>Reads</dt>
              <dd>{shown.modalities.map((kind) => (kind === 'image' ? 'pictures' : kind)).join(' and ')}</dd>
              <dt>Size</dt>
              <dd>
                {bytes(size)} in {count(shown.files.length, 'file')}
              </dd>
              <dt>Context</dt>
              <dd>
                {count(shown.context_window, 'token')}
                {shown.trained_context !== null && `, trained up to ${shown.trained_context.toLocaleString('en')}`}
              </dd>
              <dt>Licence</dt>
              <dd>{shown.licence}</dd>
              <dt>Kept</dt>
              <dd>{status.kept ? 'on this device, checked by sha256' : 'in memory until this tab closes'}</dd>
            </dl>
            <ul class="files">
              {shown.files.map((file) => (
                <li key={file.name}>
                  <span>{file.name}</span>
                  <span class="muted figure">{bytes(file.size)}</span>
                  <code class="muted">sha256 {file.sha256}</code>
                </li>
              ))}
            </ul>
          </section>
        </div>
      </details>
    </article>
  );
}

export function ModelsView() {
  return (
    <div class="page" tabIndex={-1}>
      {card.value ? <Card shown={card.value} /> : <ModelState status={model.value} />}
      <Benchmark />
      <Catalogue />
      <AddModel />
      <ThisDevice />
      <BrowserModelCard />
      <Providers />
      <ModelFolder />
      <StorageBar />
    </div>
  );
}
