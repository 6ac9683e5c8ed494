/** The view "Chat": a conversation or the welcome, the composer, the parameters. Pictures and text files may be dropped anywhere on it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { revealMessage } from '../actions';
import { attachFiles } from '../attachments';
import { Composer } from '../parts/composer';
import { Conversation } from '../parts/conversation';
import { ModelState } from '../parts/model_panel';
import { ParametersPanel } from '../parts/parameters_panel';
import { ToolsPanel } from '../parts/tools_panel';
import { Welcome } from '../parts/welcome';
import { becameSession, card, conversation, model, parametersOpen, toolsOpen } from '../store';

const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;

/** Counts the conversations shown; a new chat that becomes a session is still the same one. */
function useVisit(sessionId: string | null): number {
  const visit = useRef({ sessionId, number: 0 });
  const { sessionId: before, number } = visit.current;
  const same = before === sessionId || (before === null && sessionId === becameSession.value);
  visit.current = { sessionId, number: same ? number : number + 1 };
  return visit.current.number;
}

export function ChatView({ sessionId, messageId }: { sessionId: string | null; messageId: string | null }) {
  const [sent, setSent] = useState(0);
  const [dropping, setDropping] = useState(false);
  const open = conversation.value?.session.id === sessionId ? conversation.value : null;
  const opening = sessionId !== null && !open;
  const visit = useVisit(sessionId);
  const { value: status } = model;
  const empty = !opening && (open?.messages.length ?? 0) === 0;
  const onSent = (): void => setSent((times) => times + 1);

  useEffect(() => {
    if (open && messageId) revealMessage(messageId);
  }, [open?.session.id, messageId]);

  return (
    <div
      class="chat"
      onDragOver={(event) => {
        if (!carriesFiles(event)) return;
        event.preventDefault();
        setDropping(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setDropping(false);
      }}
      onDrop={(event) => {
        if (!carriesFiles(event)) return;
        event.preventDefault();
        setDropping(false);
        void attachFiles([...(event.dataTransfer?.files ?? [])]);
      }}
    >
      <div class="chat-main">
        {empty ? (
          <div class="scroller" tabIndex={0} role="log" aria-label="Conversation">
            <Welcome onSent={onSent} />
          </div>
        ) : open ? (
          <Conversation
            sessionId={open.session.id}
            messages={open.messages}
            working={open.session.working}
            messageId={messageId}
            sent={sent}
          />
        ) : (
          <div class="scroller" role="log" aria-label="Conversation" aria-busy="true" />
        )}
        <div class="dock">
          {status.state !== 'ready' && <ModelState status={status} />}
          <Composer sessionId={sessionId} visit={visit} sent={sent} onSent={onSent} />
          <p class="footnote muted">
            {card.value?.tiny
              ? `${card.value.name} is tiny: it knows coloured shapes, a little small talk and little else. Check what it says.`
              : 'Models make mistakes. Check what matters.'}
          </p>
        </div>
        {dropping && (
          <div class="drop" aria-hidden="true">
            <p>Drop pictures or text files to attach them</p>
          </div>
        )}
      </div>
      {parametersOpen.value && <ParametersPanel key={visit} />}
      {toolsOpen.value && <ToolsPanel />}
    </div>
  );
}
