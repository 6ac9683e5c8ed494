/** Editing a sent message in place; the older version stays reachable. Owns the text until Python took it. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { LIMITS, type ErrorInfo, type Message } from '../../js_bridge/contract.gen';
import { editMessage, errorOf } from '../actions';
import { settings } from '../store';
import { useReturnFocus } from './focus';
import { sends } from './send_key';

export function MessageEditor({ message, text, close }: { message: Message; text: string; close: () => void }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [error, setError] = useState<ErrorInfo | null>(null);
  const [sending, setSending] = useState(false);
  useLayoutEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(text.length, text.length);
  }, []);
  useReturnFocus(() => document.querySelector(`#message-${CSS.escape(message.id)} [aria-label="Edit"]`));
  const submit = async (event?: Event): Promise<void> => {
    event?.preventDefault();
    if (sending) return;
    setSending(true);
    try {
      await editMessage(message, field.current?.value ?? '');
      close();
    } catch (thrown) {
      setError(errorOf(thrown));
      setSending(false);
    }
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      close();
    } else if (sends(event, settings.value.send_with)) {
      void submit(event);
    }
  };
  return (
    <form class="message-editor" onSubmit={(event) => void submit(event)}>
      <textarea
        ref={field}
        aria-label="Edited text"
        defaultValue={text}
        maxLength={LIMITS.MessageEdit.text.maxLength}
        onKeyDown={onKeyDown}
      />
      {error && (
        <p class="field-error" role="alert">
          {error.message} {error.action}
        </p>
      )}
      <div class="row">
        <p class="muted">The earlier version and its answers stay reachable.</p>
        <button class="button" type="button" onClick={close}>
          Cancel
        </button>
        <button class="button primary" type="submit" disabled={sending}>
          Send again
        </button>
      </div>
    </form>
  );
}
