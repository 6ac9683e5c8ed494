/** How Cloche's own engine compared with others where it was measured last (tests/bench/comparison.py). */
import comparison from '../engine_comparison.json';

const times = (ratio: number | null): string => (ratio === null ? '–' : `${ratio} ×`);

export function EngineComparison() {
  const { machine, browser, rows } = comparison;
  return (
    <details>
      <summary>Cloche’s own engine beside others</summary>
      <div class="benchmark" tabIndex={0} role="region" aria-label="Engines compared">
        <table>
          <caption>
            One thread on {machine}, in {browser}: how many times as fast as others, or in as little time; last, two
            threads beside one
          </caption>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col" class="number">
                Cloche’s own
              </th>
              <th scope="col" class="number">
                wllama
              </th>
              <th scope="col" class="number">
                Native llama.cpp
              </th>
              <th scope="col" class="number">
                Two threads
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ what, value, unit, wllama, native, two_threads: two }) => (
              <tr key={what}>
                <th scope="row">{what}</th>
                <td class="number figure">
                  {value} {unit}
                </td>
                {[wllama, native, two].map((ratio, column) => (
                  <td key={column} class="number figure">
                    {times(ratio)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
