/** The benchmark: how fast the loaded model really is here, beside the other models and engines that were measured. */
import { useEffect } from 'preact/hooks';
import type { SpeedReport, SpeedRow } from '../../js_bridge/contract.gen';
import { count, duration, time } from '../figures';
import { benchmark, stopBenchmark } from '../model_actions';
import { model, state } from '../store';
import { EngineComparison } from './engine_comparison';
import { ProgressBar } from './progress';

/** This machine, as far as the browser names it. */
function machine(): string {
  const { catalogue } = state.value;
  const [browser] = /(Edg|Chrome)\/\d+/.exec(navigator.userAgent) ?? ['this browser'];
  const device = catalogue?.device;
  return [
    browser.replace('/', ' '),
    device && count(device.processors, 'core'),
    device?.gpu && device.gpu_description,
  ]
    .filter(Boolean)
    .join(', ');
}

const figure = (value: number | null): string =>
  value === null ? '–' : value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 1 : 0 });

function Cells({ row, fastest }: { row: SpeedRow; fastest: number }) {
  const written = row.tokens_per_second;
  return (
    <>
      <td class="number figure">{row.completion_tokens}</td>
      <td class="number figure">{row.first_token_ms === null ? '–' : duration(row.first_token_ms)}</td>
      <td class="number figure">{figure(row.prompt_tokens_per_second)}</td>
      <td>
        <div class="writing">
          <span class="bar" aria-hidden="true">
            <span style={{ width: `${((written ?? 0) / fastest) * 100}%` }} />
          </span>
          <span class="figure">{figure(written)}</span>
        </div>
      </td>
    </>
  );
}

/** One report; its first row names the model, and says how long a picture took. */
function Report({ report, fastest }: { report: SpeedReport; fastest: number }) {
  const { rows, model: name, engine, hardware, image_ms: picture, at } = report;
  return (
    <tbody>
      {rows.map((row, index) => (
        <tr key={row.max_tokens}>
          {index === 0 && (
            <th scope="rowgroup" rowSpan={rows.length} title={time(at)}>
              {name}{' '}
              <span class="muted">
                {engine}, {hardware}
              </span>
            </th>
          )}
          <Cells row={row} fastest={fastest} />
          {index === 0 && (
            <td class="number figure" rowSpan={rows.length}>
              {picture === null ? '–' : duration(picture)}
            </td>
          )}
        </tr>
      ))}
    </tbody>
  );
}

function Results({ reports }: { reports: readonly SpeedReport[] }) {
  const fastest = Math.max(1, ...reports.flatMap(({ rows }) => rows.map((row) => row.tokens_per_second ?? 0)));
  return (
    <div class="benchmark" tabIndex={0} role="region" aria-label="Measured speeds">
      <table>
        <caption>Measured on {machine()}</caption>
        <thead>
          <tr>
            <th scope="col">Model</th>
            <th scope="col" class="number">
              Written
            </th>
            <th scope="col" class="number">
              First token
            </th>
            <th scope="col" class="number">
              Reading, tokens/s
            </th>
            <th scope="col">Writing, tokens/s</th>
            <th scope="col" class="number">
              Picture
            </th>
          </tr>
        </thead>
        {reports.map((report) => (
          <Report key={`${report.model_id} ${report.engine} ${report.hardware}`} report={report} fastest={fastest} />
        ))}
      </table>
    </div>
  );
}

export function Benchmark() {
  const { speeds } = state.value;
  useEffect(() => void benchmark('speed.list'), []);
  if (!speeds) return null;
  const { reports, doing, done, steps } = speeds;
  const usable = model.value.state === 'ready' || model.value.state === 'unloaded';
  return (
    <section class="card" aria-labelledby="benchmark-heading">
      <h2 id="benchmark-heading">Benchmark</h2>
      <p class="muted">
        Answers of up to 50, 256 and 512 tokens, and a picture, from the model that is loaded. A model that ends its answers
        early is measured on what it wrote. To compare engines, choose the other one in the model’s settings and measure again.
      </p>
      {reports.length > 0 && <Results reports={reports} />}
      {doing ? (
        <div class="row">
          <div class="progress">
            <div class="progress-text" role="status">
              {doing}
            </div>
            <ProgressBar label="Benchmark" loaded={done} total={steps} />
          </div>
          <button class="button" type="button" onClick={stopBenchmark}>
            Stop
          </button>
        </div>
      ) : (
        <div class="row">
          <button class="button" type="button" disabled={!usable} onClick={() => void benchmark('speed.measure')}>
            Measure this model
          </button>
          {reports.length > 0 && (
            <button class="button quiet" type="button" onClick={() => void benchmark('speed.clear')}>
              Clear the figures
            </button>
          )}
        </div>
      )}
      <EngineComparison />
    </section>
  );
}
