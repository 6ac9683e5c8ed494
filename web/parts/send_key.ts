/** Which key sends a message, by the person's choice. Input methods keep their Enter. */
import type { Settings } from '../../js_bridge/contract.gen';

export function sends(event: KeyboardEvent, choice: Settings['send_with']): boolean {
  if (event.key !== 'Enter' || event.isComposing || event.shiftKey) return false;
  const withControl = event.ctrlKey || event.metaKey;
  return choice === 'enter' || withControl;
}
