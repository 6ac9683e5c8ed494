/** The Live view's counters: frames, latency as a small chart, memory. */
import { bytes, duration } from '../figures';
import { figures, memory, quantile } from '../live';
import { state } from '../store';

const SHOWN = 40;

function Bars({ label, values }: { label: string; values: readonly number[] }) {
  const most = Math.max(...values, 1);
  return (
    <div class="live-bars" role="img" aria-label={label}>
      {values.slice(-SHOWN).map((value, index) => (
        <span key={index} style={{ height: `${Math.max(4, (100 * value) / most)}%` }} />
      ))}
    </div>
  );
}

export function LiveFigures() {
  const { value: found } = figures;
  if (!found) return null;
  const p50 = quantile(found.latencies, 0.5);
  const p95 = quantile(found.latencies, 0.95);
  const shown = (ms: number | null): string => (ms === null ? 'none yet' : duration(ms));
  const page = memory.value.at(-1);
  const engine = state.value.live.captions[0]?.description.memory_bytes ?? 0;
  return (
    <section class="live-figures" aria-label="Counters">
      <dl>
        {[
          ['Frames seen', String(found.seen)],
          ['Described', String(found.described)],
          ['Skipped, the same', String(found.skipped)],
          ['Latency, median', shown(p50)],
          ['Latency, 95 %', shown(p95)],
          ['Memory', page === undefined ? 'measuring' : bytes(page + engine)],
        ].map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="figure">{value}</dd>
          </div>
        ))}
      </dl>
      {found.latencies.length > 1 && <Bars label={`Latency of the last ${Math.min(SHOWN, found.latencies.length)} descriptions`} values={found.latencies} />}
    </section>
  );
}
