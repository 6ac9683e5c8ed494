/** A text file of a message as a chip; unfolded, its text, which is fetched from Python when it is looked at. */
import { useState } from 'preact/hooks';
import { FileText } from 'lucide';
import type { FilePart } from '../../js_bridge/contract.gen';
import { errorOf } from '../actions';
import { bytes } from '../figures';
import { connection } from '../store';
import { visible } from './exact';
import { Icon } from './icon';

export function AttachedFile({ part }: { part: FilePart }) {
  const [text, setText] = useState<string | null>(null);
  const look = (): void => {
    if (text !== null) return;
    connection.call('file.get', { file_id: part.file_id }).then(
      (file) => setText(visible(file.text)),
      (thrown: unknown) => setText(errorOf(thrown).message),
    );
  };
  return (
    <details class="attached-file" onToggle={look}>
      <summary class="file-chip">
        <Icon of={FileText} /> <span>{part.name}</span> <span class="muted figure">{bytes(part.size)}</span>
      </summary>
      <pre tabIndex={0} aria-label={`Text of ${part.name}`}>
        {text ?? 'Reading…'}
      </pre>
    </details>
  );
}
