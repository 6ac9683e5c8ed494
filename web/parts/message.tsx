/**
 * One message of the conversation: its parts, state, figures and what can be done with it.
 *
 * Owns nothing that lasts except whether it is being edited. Memoised: while an answer is written only that answer is
 * drawn again.
 */
import { useState } from 'preact/hooks';
import { ChevronLeft, ChevronRight, Copy, GitFork, Pencil, RefreshCw, Trash2 } from 'lucide';
import type { Message, Part, TextPart } from '../../js_bridge/contract.gen';
import { deleteMessage, regenerate, report, selectVersion } from '../actions';
import { time } from '../figures';
import { addressOf } from '../routes';
import { card, toast } from '../store';
import { forkFrom } from '../transfer';
import { AnswerFigures } from './answer_figures';
import { AttachedFile } from './attached_file';
import { Icon } from './icon';
import { MarkdownView } from './markdown_view';
import { memo } from './memo';
import { MessageEditor } from './message_editor';
import { Picture } from './picture';
import { Question } from './question';
import { SpokenBy } from './spoken_by';
import { ToolCall } from './tool_call';

/** Longer texts of a person are shown in part, so that a pasted book does not slow the page down. */
const FOLD_BEYOND = 2000;

export function textOf(message: Message): string {
  return message.parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n\n');
}

function PlainText({ text }: { text: string }) {
  const [whole, setWhole] = useState(text.length <= FOLD_BEYOND);
  return (
    <div class="plain-text">
      {whole ? text : `${text.slice(0, FOLD_BEYOND)}…`}
      {text.length > FOLD_BEYOND && (
        <button class="link" type="button" onClick={() => setWhole(!whole)}>
          {whole ? 'Show less' : `Show all ${text.length.toLocaleString('en')} characters`}
        </button>
      )}
    </div>
  );
}

/** An answer in JSON is shown as a block of code. */
const shownText = ({ text, format }: TextPart): string => (format === 'json' ? `\`\`\`json\n${text}\n\`\`\`` : text);

function PartView({ part, message, last }: { part: Part; message: Message; last: boolean }) {
  const done = message.status !== 'streaming' || !last;
  switch (part.type) {
    case 'text':
      return message.role === 'user' ? <PlainText text={part.text} /> : <MarkdownView text={shownText(part)} done={done} />;
    case 'reasoning':
      return (
        <details class="reasoning" open={!done}>
          <summary>Reasoning</summary>
          <MarkdownView text={part.text} done={done} />
        </details>
      );
    case 'image':
      return <Picture part={part} />;
    case 'file':
      return <AttachedFile part={part} />;
    case 'question':
      return <Question part={part} sessionId={message.session_id} />;
    case 'tool_call':
      return <ToolCall part={part} sessionId={message.session_id} />;
  }
}

/** How the model that comes with the app says that something is beyond it. */
const LARGER = /\bbigger model\b/i;

function Status({ message }: { message: Message }) {
  if (message.status === 'error') {
    const { message: reason, action } = message.error ?? { message: 'The answer failed.', action: '' };
    return (
      <div class="message-error" role="alert">
        <p>
          {reason} {action}
        </p>
        <button class="button" type="button" onClick={() => regenerate(message)}>
          <Icon of={RefreshCw} /> Regenerate
        </button>
      </div>
    );
  }
  const note = {
    complete: message.finish_reason === 'length' ? 'Cut off at the length limit. It can be raised in the parameters.' : '',
    streaming: '',
    stopped: 'Stopped. What was written so far is kept.',
    interrupted: 'Interrupted before it was complete. What was written so far is kept.',
  }[message.status];
  return note ? <p class="message-note">{note}</p> : null;
}

function Versions({ message }: { message: Message }) {
  const { siblings } = message;
  if (siblings.length < 2) return null;
  const position = siblings.indexOf(message.id);
  const choose = (step: number) => {
    const wanted = siblings[position + step];
    if (wanted) selectVersion(message, wanted);
  };
  return (
    <span class="versions" role="group" aria-label="Versions">
      <button class="tool" type="button" aria-label="Previous version" disabled={position <= 0} onClick={() => choose(-1)}>
        <Icon of={ChevronLeft} />
      </button>
      <span class="figure">
        {position + 1} / {siblings.length}
      </span>
      <button
        class="tool"
        type="button"
        aria-label="Next version"
        disabled={position >= siblings.length - 1}
        onClick={() => choose(1)}
      >
        <Icon of={ChevronRight} />
      </button>
    </span>
  );
}

function Tools({ message, edit, busy }: { message: Message; edit: () => void; busy: boolean }) {
  const text = textOf(message);
  const copy = () => navigator.clipboard.writeText(text).then(() => toast('Copied.'), report);
  return (
    <div class="tools" role="group" aria-label="Message actions">
      <Versions message={message} />
      {text && (
        <button class="tool" type="button" aria-label="Copy" title="Copy" onClick={() => void copy()}>
          <Icon of={Copy} />
        </button>
      )}
      {message.role === 'user' ? (
        <button class="tool" type="button" aria-label="Edit" title="Edit and send again" disabled={busy} onClick={edit}>
          <Icon of={Pencil} />
        </button>
      ) : message.status !== 'error' && (
        <button
          class="tool"
          type="button"
          aria-label="Regenerate"
          title="Answer again; this answer stays reachable"
          disabled={busy}
          onClick={() => regenerate(message)}
        >
          <Icon of={RefreshCw} />
        </button>
      )}
      <button
        class="tool"
        type="button"
        aria-label="Fork from here"
        title="A new conversation that begins like this one, up to here"
        onClick={() => void forkFrom(message)}
      >
        <Icon of={GitFork} />
      </button>
      <button
        class="tool"
        type="button"
        aria-label="Delete"
        title="Delete; this can be undone"
        disabled={busy}
        onClick={() => void deleteMessage(message)}
      >
        <Icon of={Trash2} />
      </button>
      <time class="muted figure" dateTime={new Date(message.created_at * 1000).toISOString()}>
        {time(message.created_at)}
      </time>
    </div>
  );
}

/** `busy`: an answer is being written in this conversation, so nothing before it may change. */
export const MessageView = memo(({ message, busy }: { message: Message; busy: boolean }) => {
  const [editing, setEditing] = useState(false);
  const { role, parts, status } = message;
  const streaming = status === 'streaming';
  const pictures = parts.filter((part) => part.type === 'image');
  const rest = parts.filter((part) => part.type !== 'image');
  return (
    <article
      id={`message-${message.id}`}
      class={`message ${role}`}
      aria-label={role === 'user' ? 'You' : 'Assistant'}
      aria-busy={streaming}
      tabIndex={-1}
    >
      {pictures.length > 0 && (
        <div class="pictures">
          {pictures.map((part, index) => (
            <PartView key={index} part={part} message={message} last={false} />
          ))}
        </div>
      )}
      {editing ? (
        <MessageEditor message={message} text={textOf(message)} close={() => setEditing(false)} />
      ) : (
        rest.length > 0 && (
          <div class="body">
            {rest.map((part, index) => (
              <PartView key={index} part={part} message={message} last={index === rest.length - 1} />
            ))}
          </div>
        )
      )}
      {streaming && rest.length === 0 && (
        <p class="thinking" role="status">
          <span class="pulse" /> {pictures.length > 0 ? 'Looking and thinking' : 'Thinking'}
        </p>
      )}
      <SpokenBy message={message} />
      <Status message={message} />
      {message.status === 'complete' && role === 'assistant' && card.value?.tiny && LARGER.test(textOf(message)) && (
        <p class="message-note">
          <a href={addressOf({ view: 'models' })}>Choose a larger model for this device</a>
        </p>
      )}
      {!streaming && !editing && (
        <div class="foot">
          {role === 'assistant' && <AnswerFigures message={message} />}
          <Tools message={message} edit={() => setEditing(true)} busy={busy} />
        </div>
      )}
    </article>
  );
});
