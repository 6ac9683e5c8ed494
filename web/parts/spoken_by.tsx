/** Marks an answer that was made on another machine, and says why it was not the first choice that answered. */
import { Globe } from 'lucide';
import type { Message } from '../../js_bridge/contract.gen';
import { Icon } from './icon';

export function SpokenBy({ message }: { message: Message }) {
  const { provider, model, remote, note } = message;
  if (!remote && !note) return null;
  return (
    <p class="spoken-by muted">
      {remote && (
        <span class="tag remote" title="This answer was made on another machine: the conversation was sent there.">
          <Icon of={Globe} /> remote
        </span>
      )}{' '}
      {note && `Answered by ${provider ?? 'this device'}, because the first choice failed. ${note}`}
      {!note && `${provider ?? ''} · ${model ?? ''}`}
    </p>
  );
}
