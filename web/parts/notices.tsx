/**
 * Notices and toasts: what people should know that belongs to no message, and ways back after a deletion.
 *
 * Errors stay until dismissed; the rest goes by itself, but waits while it is pointed at or focused.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { X } from 'lucide';
import { updateNow, updateWaiting } from '../service_worker';
import { dismissToast, dispatch, notices, toasts } from '../store';
import { Icon } from './icon';

const SHOWN_FOR_MS = 8000;

interface BubbleProps {
  level: 'info' | 'warning' | 'error';
  stays?: boolean;
  dismiss: () => void;
  children: ComponentChildren;
}

function Bubble({ level, stays = false, dismiss, children }: BubbleProps) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (stays || held) return;
    const timer = setTimeout(dismiss, SHOWN_FOR_MS);
    return () => clearTimeout(timer);
  }, [held]);
  return (
    <div
      class={`bubble ${level}`}
      role={level === 'error' ? 'alert' : 'status'}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocusIn={() => setHeld(true)}
      onFocusOut={() => setHeld(false)}
    >
      <div class="bubble-text">{children}</div>
      <button class="tool" type="button" aria-label="Dismiss" onClick={dismiss}>
        <Icon of={X} />
      </button>
    </div>
  );
}

export function Notices() {
  return (
    <div class="notices" role="region" aria-label="Notices">
      {updateWaiting.value && (
        <Bubble level="info" stays dismiss={() => (updateWaiting.value = null)}>
          <p>A new version is ready.</p>
          <button class="button" type="button" onClick={updateNow}>
            Update now
          </button>
        </Bubble>
      )}
      {notices.value.map(({ key, level, message, action }) => (
        <Bubble key={key} level={level} stays={level === 'error'} dismiss={() => dispatch(['page:notice-dismissed', key])}>
          <p>
            {message} {action}
          </p>
        </Bubble>
      ))}
      {toasts.value.map(({ key, text, action }) => (
        <Bubble key={key} level="info" dismiss={() => dismissToast(key)}>
          <p>{text}</p>
          {action && (
            <button
              class="button"
              type="button"
              onClick={() => {
                dismissToast(key);
                action.run();
              }}
            >
              {action.label}
            </button>
          )}
        </Bubble>
      ))}
    </div>
  );
}
