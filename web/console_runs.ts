/**
 * The runs of the Python console as the page shows them: what was run, what it printed, how it ended.
 *
 * Owns how each fact changes the list; pure. Runs belong to this tab: a reload begins with an empty list, while the code
 * itself stays in Python's history.
 */
import type { ConsoleOutput, ConsoleResult } from '../js_bridge/contract.gen';

export interface ConsoleRun {
  id: string;
  code: string;
  /** Pieces of output in the order in which they came. */
  output: readonly Omit<ConsoleOutput, 'run_id'>[];
  /** Null while it runs. */
  result: ConsoleResult | null;
}

/** Older runs leave the list. */
const KEPT = 50;

export function begun(runs: readonly ConsoleRun[], id: string, code: string): ConsoleRun[] {
  return [...runs.slice(1 - KEPT), { id, code, output: [], result: null }];
}

export function printed(runs: readonly ConsoleRun[], { run_id: id, stream, text }: ConsoleOutput): ConsoleRun[] {
  return changed(runs, id, (run) => {
    const last = run.output.at(-1);
    const output =
      last?.stream === stream
        ? run.output.with(-1, { stream, text: last.text + text })
        : [...run.output, { stream, text }];
    return { ...run, output };
  });
}

export function ended(runs: readonly ConsoleRun[], id: string, result: ConsoleResult): ConsoleRun[] {
  return changed(runs, id, (run) => ({ ...run, result }));
}

function changed(runs: readonly ConsoleRun[], id: string, change: (run: ConsoleRun) => ConsoleRun): ConsoleRun[] {
  return runs.map((run) => (run.id === id ? change(run) : run));
}
