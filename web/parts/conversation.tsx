/**
 * The messages of a conversation, the newest first to be drawn: older ones follow when the reader scrolls up to them.
 *
 * Owns scrolling: it stays at the end while an answer grows, unless the reader has scrolled away. Does not own messages.
 */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ArrowDown } from 'lucide';
import type { Message } from '../../js_bridge/contract.gen';
import { Icon } from './icon';
import { MessageView } from './message';

const PAGE = 30;
/** Within this many pixels of the end the view counts as being there. */
const NEAR_END = 48;

interface ConversationProps {
  sessionId: string;
  messages: readonly Message[];
  working: boolean;
  /** A message to go to, from a search. */
  messageId: string | null;
  /** Changes when the person sent something: then the end is wanted wherever the reader is. */
  sent: number;
}

export function Conversation({ sessionId, messages, working, messageId, sent }: ConversationProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const earlier = useRef<HTMLButtonElement>(null);
  const following = useRef(true);
  const heightBefore = useRef(0);
  const [shown, setShown] = useState(PAGE);
  const [away, setAway] = useState(false);
  const wanted = messageId ? messages.findIndex(({ id }) => id === messageId) : -1;
  const first = Math.max(0, Math.min(messages.length - shown, wanted < 0 ? Infinity : wanted - 2));

  const toEnd = (): void => {
    const view = scroller.current;
    if (view) view.scrollTop = view.scrollHeight;
  };

  useLayoutEffect(() => {
    following.current = messageId === null;
    setShown(PAGE);
    toEnd();
  }, [sessionId]);

  useLayoutEffect(() => {
    following.current = true;
    toEnd();
  }, [sent]);

  useEffect(() => {
    if (!content.current || !scroller.current) return;
    const growth = new ResizeObserver(() => following.current && toEnd());
    growth.observe(content.current);
    growth.observe(scroller.current);
    return () => growth.disconnect();
  }, []);

  useEffect(() => {
    if (wanted < 0 || !messageId) return;
    following.current = false;
    const target = document.getElementById(`message-${messageId}`);
    target?.scrollIntoView({ block: 'center' });
    target?.focus({ preventScroll: true });
  }, [messageId, wanted >= 0]);

  // Older messages are put above without moving what is being read.
  useLayoutEffect(() => {
    const view = scroller.current;
    if (view && heightBefore.current > 0) view.scrollTop += view.scrollHeight - heightBefore.current;
    heightBefore.current = 0;
  }, [first]);

  const showEarlier = (): void => {
    heightBefore.current = scroller.current?.scrollHeight ?? 0;
    setShown(messages.length - first + PAGE);
  };

  useEffect(() => {
    if (!earlier.current) return;
    const reached = new IntersectionObserver(([entry]) => entry?.isIntersecting && !following.current && showEarlier(), {
      root: scroller.current,
      rootMargin: '200px',
    });
    reached.observe(earlier.current);
    return () => reached.disconnect();
  }, [first]);

  const onScroll = (): void => {
    const view = scroller.current;
    if (!view) return;
    following.current = view.scrollHeight - view.scrollTop - view.clientHeight < NEAR_END;
    setAway(!following.current);
  };

  return (
    <div class="conversation">
      <div class="scroller" ref={scroller} onScroll={onScroll} tabIndex={0} role="log" aria-label="Conversation">
        <div class="column" ref={content}>
          {first > 0 && (
            <button class="link earlier" type="button" ref={earlier} onClick={showEarlier}>
              Show earlier messages ({first} more)
            </button>
          )}
          {messages.slice(first).map((message) => (
            <MessageView key={message.id} message={message} busy={working} />
          ))}
        </div>
      </div>
      {away && (
        <button
          class="button jump"
          type="button"
          onClick={() => {
            following.current = true;
            toEnd();
          }}
        >
          <Icon of={ArrowDown} /> Jump to latest
        </button>
      )}
    </div>
  );
}
