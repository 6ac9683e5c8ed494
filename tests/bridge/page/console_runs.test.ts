/** The list of runs in the Python view. */
import { expect, test } from 'vitest';
import { begun, ended, printed } from '../../../web/console_runs';

const result = { status: 'done', value: '2', traceback: null, duration_ms: 3 } as const;

test('what one stream prints in a row is one piece, in the order in which it came', () => {
  let runs = begun([], 'a', 'code');
  for (const [stream, text] of [['out', '1'], ['out', '2'], ['err', '3'], ['out', '4']] as const) {
    runs = printed(runs, { run_id: 'a', stream, text });
  }
  expect(runs[0]?.output).toEqual([{ stream: 'out', text: '12' }, { stream: 'err', text: '3' }, { stream: 'out', text: '4' }]);
});

test('output and ends reach their own run only, and unknown runs are left alone', () => {
  const runs = ended(begun(begun([], 'a', 'x'), 'b', 'y'), 'a', result);
  expect(runs.map((run) => run.result)).toEqual([result, null]);
  expect(ended(printed(runs, { run_id: 'c', stream: 'out', text: 'lost' }), 'c', result)).toEqual(runs);
});

test('old runs leave the list', () => {
  let runs = begun([], '0', '');
  for (let number = 1; number <= 60; number += 1) runs = begun(runs, String(number), '');
  expect(runs).toHaveLength(50);
  expect(runs.at(-1)?.id).toBe('60');
});
