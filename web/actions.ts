/**
 * What a person can do, as commands to Python. Each action says what happens when it fails.
 *
 * Owns the wording of toasts and the order of commands. Does not render and does not change messages by itself: Python
 * answers with events.
 */
import type {
  ApprovalAnswer,
  ErrorInfo,
  Message,
  NewFile,
  NewImage,
  Parameters,
  Session,
  Settings,
  ToolInfo,
} from '../js_bridge/contract.gen';
import { RpcError } from '../js_bridge/rpc';
import { adoptAttachments } from './attachments';
import { adoptDraft } from './drafts';
import { giveBack, lend } from './lent_origins';
import { chatAddress, go, route } from './routes';
import { becameSession, connection, conversation, dispatch, keep, openSession, state, toast } from './store';

export function errorOf(thrown: unknown): ErrorInfo {
  const { code, message, action, retryable } = RpcError.from(thrown);
  return { code, message, action, retryable };
}

/** Shows an error that belongs to no message and no field. */
export function report(thrown: unknown): void {
  const { code, message, action } = errorOf(thrown);
  if (code === 'aborted' || code === 'closed') return;
  dispatch(['notice', { level: 'error', code, message, action }]);
}

// ---------------------------------------------------------------- start

export function boot(): void {
  dispatch(['page:boot-started', null]);
  connection.start();
}

/** Takes the database from the tab that holds it. A tab that lost it starts anew and claims it at once. */
export function useHere(): void {
  if (state.value.owner === 'lost') boot();
  connection.takeOver();
}

// ---------------------------------------------------------------- sessions

/** Makes the state follow the route: opens its conversation, or none. */
export async function followRoute(): Promise<void> {
  const { value } = route;
  if (value.view !== 'chat' || state.value.phase !== 'up') return;
  const { sessionId } = value;
  if (sessionId === openSession.value?.id) return;
  if (sessionId === null) {
    becameSession.value = null;
    dispatch(['page:conversation-closed', null]);
    return;
  }
  try {
    const opened = await connection.call('session.open', { session_id: sessionId });
    const current = route.value;
    if (current.view === 'chat' && current.sessionId === sessionId) dispatch(['page:conversation-opened', opened]);
  } catch (thrown) {
    if (errorOf(thrown).code === 'not_found') go(chatAddress(), { replace: true });
    report(thrown);
  }
}

export function newChat(): void {
  go(chatAddress());
}

let making: Promise<Session> | undefined;

/** The session on screen; for a new chat one is made first, once for all who ask meanwhile. */
export async function ensureSession(): Promise<Session> {
  if (openSession.value) return openSession.value;
  making ??= makeSession().finally(() => (making = undefined));
  return making;
}

async function makeSession(): Promise<Session> {
  const session = await connection.call('session.create', {});
  adoptDraft(session.id);
  adoptAttachments(session.id);
  becameSession.value = session.id;
  dispatch(['page:conversation-opened', { session, messages: [] }]);
  go(chatAddress(session.id), { replace: true });
  return session;
}

export async function renameSession(session: Session, title: string): Promise<void> {
  const wanted = title.trim();
  if (!wanted || wanted === session.title) return;
  try {
    await connection.call('session.rename', { session_id: session.id, title: wanted });
  } catch (thrown) {
    report(thrown);
  }
}

export async function deleteSession(session: Session): Promise<void> {
  const wasOpen = openSession.value?.id === session.id;
  try {
    await connection.call('session.delete', { session_id: session.id });
  } catch (thrown) {
    report(thrown);
    return;
  }
  dispatch(['session:removed', { session_id: session.id }]);
  if (wasOpen) go(chatAddress());
  const restore = async (): Promise<void> => {
    await connection.call('session.restore', { session_id: session.id });
    if (wasOpen) go(chatAddress(session.id));
  };
  toast(`“${session.title}” was deleted.`, { label: 'Undo', run: () => void restore().catch(report) });
}

export async function setParameters(parameters: Parameters): Promise<void> {
  const session = await ensureSession();
  await connection.call('session.set_parameters', { session_id: session.id, parameters });
}

// ---------------------------------------------------------------- tools

export function listTools(sessionId: string | null): Promise<ToolInfo[]> {
  return connection.call('tools.list', { session_id: sessionId });
}

/** Chooses all tools of the conversation at once; null leaves the choice to the model's card. */
export async function chooseTools(names: string[] | null): Promise<ToolInfo[]> {
  const session = await ensureSession();
  return connection.call('tools.choose', { session_id: session.id, names });
}

/** Answers what asks; tells whether the answer was taken. An `origin` that it needs is opened before it is allowed. */
export async function answerApproval(answer: ApprovalAnswer, origin: string): Promise<boolean> {
  const lends = origin !== '' && answer.choice !== 'deny';
  try {
    if (lends) await lend(origin, false);
    try {
      await connection.call('approval.answer', answer);
    } catch (thrown) {
      if (lends) await giveBack([origin]);
      throw thrown;
    }
    // Only now: what a conversation needs is never given back, and this answer might have come too late.
    if (lends && answer.choice === 'conversation') await lend(origin, true);
    return true;
  } catch (thrown) {
    report(thrown);
    return false;
  }
}

// ---------------------------------------------------------------- messages

/** Sends a message and tells its session; rejects when Python did not take it, so that the composer keeps the text. */
export async function send(text: string, images: readonly NewImage[], files: readonly NewFile[] = []): Promise<string> {
  const session = await ensureSession();
  await connection.call('message.send', { session_id: session.id, text, images: [...images], files: [...files] });
  return session.id;
}

export function stop(): void {
  const session = openSession.value;
  if (session) connection.call('message.stop', { session_id: session.id }).catch(report);
}

const named = (message: Message) => ({ session_id: message.session_id, message_id: message.id });

export function regenerate(message: Message): void {
  connection.call('message.regenerate', named(message)).catch(report);
}

/** Sends a new version of a message; rejects when Python did not take it, so that the editor keeps the text. */
export async function editMessage(message: Message, text: string): Promise<void> {
  await connection.call('message.edit', { ...named(message), text });
}

export function selectVersion(message: Message, messageId: string): void {
  connection.call('message.select_version', { session_id: message.session_id, message_id: messageId }).catch(report);
}

export async function deleteMessage(message: Message): Promise<void> {
  try {
    await connection.call('message.delete', named(message));
  } catch (thrown) {
    report(thrown);
    return;
  }
  const restore = () => connection.call('message.restore', named(message)).catch(report);
  toast('Message deleted.', { label: 'Undo', run: () => void restore() });
}

/** Makes sure that a message found by search is on screen, also when it belongs to another version. */
export function revealMessage(messageId: string): void {
  const shown = conversation.value;
  if (!shown || shown.messages.some(({ id }) => id === messageId)) return;
  connection
    .call('message.select_version', { session_id: shown.session.id, message_id: messageId })
    .catch(report);
}

// ---------------------------------------------------------------- the app

export async function saveSettings(change: Partial<Settings>): Promise<void> {
  const before = state.value.settings;
  const wanted = { ...before, ...change };
  dispatch(['page:settings-chosen', wanted]);
  await keep(async () => {
    try {
      dispatch(['page:settings-chosen', await connection.call('settings.set', wanted)]);
    } catch (thrown) {
      dispatch(['page:settings-chosen', before]);
      report(thrown);
    }
  });
}

export function loadModel(): void {
  connection.call('model.load', {}).catch(report);
}
