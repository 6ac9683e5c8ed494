/** Says who answered where that is not this tab's engine, marks other machines, and says why it was not the first choice. */
import { Globe } from 'lucide';
import type { Message } from '../../js_bridge/contract.gen';
import { providers } from '../store';
import { Icon } from './icon';

export function SpokenBy({ message }: { message: Message }) {
  const { provider, model, remote, note } = message;
  const own = providers.value.some(({ kind, name }) => kind === 'local' && name === provider);
  if (!remote && !note && (own || !provider)) return null;
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
