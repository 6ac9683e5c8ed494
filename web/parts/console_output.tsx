/** What ran in the console: the code, what it printed, its value or its traceback. Does not run anything. */
import { useEffect, useRef } from 'preact/hooks';
import { CornerLeftUp } from 'lucide';
import type { ConsoleRun } from '../console_runs';
import { duration } from '../figures';
import { state } from '../store';
import { Icon } from './icon';

const WORDS = { done: '', failed: 'failed', stopped: 'stopped' };

function Run({ run, reuse }: { run: ConsoleRun; reuse: (code: string) => void }) {
  const { code, output, result } = run;
  const first = code.trim().split('\n')[0] ?? '';
  return (
    <article class="run" aria-label="Run" aria-busy={result === null}>
      <header>
        <code>{first}</code>
        <span class="muted figure">
          {result === null ? 'running' : [WORDS[result.status], duration(result.duration_ms)].filter(Boolean).join(', ')}
        </span>
        <button class="tool" type="button" aria-label="Bring this code back" title="Bring this code back" onClick={() => reuse(code)}>
          <Icon of={CornerLeftUp} />
        </button>
      </header>
      {output.length > 0 && (
        <pre tabIndex={0} aria-label="Printed">
          {output.map(({ stream, text }, index) => (
            <span key={index} class={stream === 'err' ? 'printed-error' : ''}>
              {text}
            </span>
          ))}
        </pre>
      )}
      {result?.value != null && (
        <pre tabIndex={0} aria-label="Value" class="value">
          {result.value}
        </pre>
      )}
      {result?.traceback != null && (
        <pre tabIndex={0} aria-label="Traceback" class="traceback">
          {result.traceback}
        </pre>
      )}
    </article>
  );
}

export function ConsoleOutput({ reuse }: { reuse: (code: string) => void }) {
  const list = useRef<HTMLDivElement>(null);
  const { runs } = state.value;
  useEffect(() => {
    if (list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [runs]);
  return (
    <div class="runs" role="log" aria-label="Output" tabIndex={0} ref={list}>
      {runs.length === 0 && <p class="muted">What your code prints and gives appears here.</p>}
      {runs.map((run) => (
        <Run key={run.id} run={run} reuse={reuse} />
      ))}
    </div>
  );
}
