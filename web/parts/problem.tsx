/** Why something that a person asked for did not work, said where it was asked. Owns the element, not the words. */
import type { ErrorInfo } from '../../js_bridge/contract.gen';

export function Problem({ error }: { error: ErrorInfo | null }) {
  if (!error) return null;
  return (
    <p class="field-error" role="alert">
      {error.message} {error.action}
    </p>
  );
}
