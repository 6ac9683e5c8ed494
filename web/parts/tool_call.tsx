/** One tool call inside an answer, with its arguments and result folded away. Owns no decision about tools. */
import { Wrench } from 'lucide';
import type { ToolCallPart } from '../../js_bridge/contract.gen';
import { duration } from '../figures';
import { Icon } from './icon';

const WORDS = { running: 'running', done: 'done', failed: 'failed', denied: 'not allowed', cancelled: 'stopped' };

export function ToolCall({ part }: { part: ToolCallPart }) {
  const took = part.duration_ms === null ? '' : `, ${duration(part.duration_ms)}`;
  return (
    <details class="tool-call">
      <summary>
        <Icon of={Wrench} /> {part.name}
        <span class="muted">
          {WORDS[part.status]}
          {took}
        </span>
      </summary>
      <pre tabIndex={0}>{JSON.stringify(part.arguments, null, 2)}</pre>
      {part.output !== null && <pre tabIndex={0}>{part.output}</pre>}
    </details>
  );
}
