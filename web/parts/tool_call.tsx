/** One tool call inside an answer: it asks for permission, or lies folded with its arguments and result. */
import { Wrench } from 'lucide';
import type { ToolCallPart } from '../../js_bridge/contract.gen';
import { duration } from '../figures';
import { Approval } from './approval';
import { Arguments } from './arguments';
import { Icon } from './icon';

const WORDS = {
  asking: 'asking',
  running: 'running',
  done: 'done',
  failed: 'failed',
  denied: 'not allowed',
  cancelled: 'stopped',
};

export function ToolCall({ part, sessionId }: { part: ToolCallPart; sessionId: string }) {
  if (part.status === 'asking' && part.approval) return <Approval part={part} question={part.approval} sessionId={sessionId} />;
  const took = part.duration_ms === null ? '' : `, ${duration(part.duration_ms)}`;
  return (
    <>
      <Call part={part} took={took} />
      {(part.figures ?? []).map((figure, index) => (
        // As an image an SVG runs nothing and loads nothing.
        <img key={index} class="tool-figure" src={`data:image/svg+xml,${encodeURIComponent(figure)}`} alt={`Figure ${index + 1} of ${part.name}`} />
      ))}
    </>
  );
}

function Call({ part, took }: { part: ToolCallPart; took: string }) {
  return (
    <details class="tool-call" aria-label={`Tool ${part.name}`}>
      <summary>
        <Icon of={Wrench} /> {part.name}
        <span class="muted">
          {' '}
          {WORDS[part.status]}
          {took}
        </span>
      </summary>
      <Arguments part={part} />
      {part.output !== null && (
        <pre tabIndex={0} aria-label="Result">
          {part.output}
        </pre>
      )}
    </details>
  );
}
