/** A hook's question about no tool call: it asks, or a line says what was asked and what the person answered. */
import { ShieldQuestion } from 'lucide';
import type { QuestionPart } from '../../js_bridge/contract.gen';
import { Approval } from './approval';
import { Icon } from './icon';

export function Question({ part, sessionId }: { part: QuestionPart; sessionId: string }) {
  if (part.status === 'asking' && part.approval) return <Approval part={part} question={part.approval} sessionId={sessionId} />;
  return (
    <p class="message-note">
      <Icon of={ShieldQuestion} /> {part.prompt} {part.status === 'allowed' ? 'Allowed.' : 'Not allowed.'}
    </p>
  );
}
