/**
 * What the page knows: a pure reducer over the events of the contract, plus the few facts that only the page has.
 *
 * Owns the shape of the state and how each event changes it. Does not talk to Python, touch the DOM or keep anything:
 * Python is the source of truth, this is its shadow.
 */
import type {
  AppInfo,
  CameraWish,
  OriginQuestion,
  BootProgress,
  CatalogueList,
  ConsoleResult,
  ContentDelta,
  Conversation,
  DatabaseOwner,
  Downloads,
  ErrorInfo,
  Events,
  FolderState,
  Message,
  ModelStatus,
  Notice,
  Part,
  Provider,
  RelayState,
  Session,
  Settings,
  Speeds,
  VilaHealth,
  StorageInfo,
} from '../js_bridge/contract.gen';

import { begun, ended, printed, type ConsoleRun } from './console_runs';
import { captioned, NOTHING_SHOWN, type LiveShown } from './live_shown';

export type Phase = 'booting' | 'up' | 'failed';

/** What `<html data-app-state>` says. */
export type AppState = 'booting' | 'loading-model' | 'ready' | 'working' | 'error';

/** A notice on screen; `key` tells two equal ones apart. */
export interface ShownNotice extends Notice {
  key: number;
}

export interface State {
  phase: Phase;
  boot: BootProgress | null;
  failure: ErrorInfo | null;
  owner: DatabaseOwner['owner'];
  version: string;
  storage: StorageInfo;
  settings: Settings;
  /** Newest first. */
  sessions: readonly Session[];
  model: ModelStatus;
  /** The models that are known, null until a view has asked for them. */
  catalogue: CatalogueList | null;
  /** This device first, then the servers that a person has added. */
  providers: readonly Provider[];
  /** How programs on this machine reach the model; null until it was asked for. */
  relay: RelayState | null;
  /** The conversation on screen, null while none is open. */
  conversation: Conversation | null;
  /** What the benchmark measured and is measuring; null until a view has asked for it. */
  speeds: Speeds | null;
  downloads: Downloads;
  /** The person's own folder of models; null until it was looked for. */
  folder: FolderState | null;
  /** Counts the changes of what is on disk: each is a reason to look again. */
  storageChanges: number;
  /** What was run in the Python console, oldest first. */
  runs: readonly ConsoleRun[];
  live: LiveShown;
  /** The cameras that Python wants. */
  cameraWishes: readonly CameraWish[];
  /** What Python code asks to reach. */
  originAsked: OriginQuestion | null;
  /** The client of the VILA streaming protocol. */
  vila: VilaHealth;
  notices: readonly ShownNotice[];
  lastKey: number;
}

/** Facts that only the page has, told to the reducer the same way. */
export interface PageEvents {
  'page:boot-started': null;
  'page:conversation-opened': Conversation;
  'page:conversation-closed': null;
  'page:settings-chosen': Settings;
  'page:notice-dismissed': number;
  'page:run-begun': { id: string; code: string };
  'page:run-ended': { id: string; result: ConsoleResult };
  'page:runs-cleared': null;
  'page:live-cleared': null;
}

type All = Events & PageEvents;
export type StateEvent = { [K in keyof All]: readonly [name: K, data: All[K]] }[keyof All];

const VILA_OFF: VilaHealth = {
  state: 'off',
  origin: '',
  wish_id: '',
  fps: 0,
  sent: 0,
  dropped: 0,
  buffered: 0,
  waiting_bytes: 0,
  replies: 0,
  reconnects: 0,
  retry_in_s: 0,
  error: null,
};

export const INITIAL: State = {
  phase: 'booting',
  boot: null,
  failure: null,
  owner: 'this',
  version: '',
  storage: { durable: true, database_bytes: 0, reason: '' },
  settings: {
    theme: 'system',
    send_with: 'enter',
    model_id: '',
    chain: [],
    approval_seconds: 120,
    models_in_folder: false,
    unload_minutes: 60,
    hub_url: '',
  },
  sessions: [],
  model: {
    state: 'absent',
    card: null,
    engine: null,
    stage: '',
    loaded_bytes: 0,
    total_bytes: 0,
    kept: true,
    error: null,
  },
  catalogue: null,
  providers: [],
  relay: null,
  conversation: null,
  speeds: null,
  downloads: { downloads: [], bytes_per_second: 0, seconds_left: null },
  folder: null,
  storageChanges: 0,
  runs: [],
  live: NOTHING_SHOWN,
  cameraWishes: [],
  originAsked: null,
  vila: VILA_OFF,
  notices: [],
  lastKey: 0,
};

export function reduce(state: State, [name, data]: StateEvent): State {
  switch (name) {
    case 'boot:progress':
      return { ...state, boot: data };
    case 'boot:failed':
      return { ...state, phase: 'failed', failure: data.error };
    case 'app:ready':
      return ready(state, data);
    case 'database:owner':
      return { ...state, owner: data.owner };
    case 'model:status':
      return { ...state, model: data };
    case 'catalogue:changed':
      return { ...state, catalogue: data };
    case 'providers:changed':
      return { ...state, providers: data.providers };
    case 'relay:changed':
      return { ...state, relay: data };
    case 'session:changed':
      return withSession(state, data.session);
    case 'session:removed':
      return {
        ...state,
        sessions: state.sessions.filter((session) => session.id !== data.session_id),
        conversation: state.conversation?.session.id === data.session_id ? null : state.conversation,
      };
    case 'conversation:changed':
      return state.conversation?.session.id === data.conversation.session.id
        ? withSession({ ...state, conversation: data.conversation }, data.conversation.session)
        : withSession(state, data.conversation.session);
    case 'message:changed':
      return inConversation(state, data.message.session_id, (messages) => withMessage(messages, data.message));
    case 'content_block:delta':
      return inConversation(state, data.session_id, (messages) => withDelta(messages, data));
    case 'notice':
      return {
        ...state,
        lastKey: state.lastKey + 1,
        notices: [
          ...state.notices.filter((notice) => notice.code !== data.code),
          { ...data, key: state.lastKey + 1 },
        ],
      };
    case 'origins:released':
    case 'camera:wanted':
    case 'relay:port':
      return state;
    case 'speed:changed':
      return { ...state, speeds: data };
    case 'download:changed':
      return { ...state, downloads: data };
    case 'storage:changed':
      return { ...state, storageChanges: state.storageChanges + 1 };
    case 'folder:changed':
      return { ...state, folder: data };
    case 'console:output':
      return { ...state, runs: printed(state.runs, data) };
    case 'camera:streams':
      return { ...state, cameraWishes: data.wishes };
    case 'origin:asked':
      return { ...state, originAsked: data.question };
    case 'vila:health':
      return { ...state, vila: data };
    case 'live:text':
      return { ...state, live: { ...state.live, text: data.text } };
    case 'live:caption':
      return { ...state, live: captioned(state.live, data) };
    case 'live:fired':
      return { ...state, live: { ...state.live, fired: data } };
    case 'live:tool':
      return { ...state, live: { ...state.live, call: data.call } };
    case 'page:live-cleared':
      return { ...state, live: NOTHING_SHOWN };
    case 'page:run-begun':
      return { ...state, runs: begun(state.runs, data.id, data.code) };
    case 'page:run-ended':
      return { ...state, runs: ended(state.runs, data.id, data.result) };
    case 'page:runs-cleared':
      return { ...state, runs: state.runs.filter((run) => run.result === null) };
    case 'page:boot-started':
      return { ...INITIAL, settings: state.settings, lastKey: state.lastKey };
    case 'page:conversation-opened':
      return withSession({ ...state, conversation: data }, data.session);
    case 'page:conversation-closed':
      return state.conversation ? { ...state, conversation: null } : state;
    case 'page:settings-chosen':
      return { ...state, settings: data };
    case 'page:notice-dismissed':
      return { ...state, notices: state.notices.filter((notice) => notice.key !== data) };
  }
}

function ready(state: State, info: AppInfo): State {
  return {
    ...state,
    phase: 'up',
    failure: null,
    owner: 'this',
    version: info.version,
    storage: info.storage,
    settings: info.settings,
    sessions: byRecency(info.sessions),
    model: info.model,
    providers: info.providers,
  };
}

function byRecency(sessions: readonly Session[]): Session[] {
  return [...sessions].sort((a, b) => b.updated_at - a.updated_at);
}

function withSession(state: State, session: Session): State {
  const others = state.sessions.filter(({ id }) => id !== session.id);
  const conversation =
    state.conversation?.session.id === session.id ? { ...state.conversation, session } : state.conversation;
  return { ...state, sessions: byRecency([session, ...others]), conversation };
}

function inConversation(state: State, sessionId: string, change: (messages: Message[]) => Message[]): State {
  const { conversation } = state;
  if (conversation?.session.id !== sessionId) return state;
  const messages = change(conversation.messages);
  return messages === conversation.messages ? state : { ...state, conversation: { ...conversation, messages } };
}

function withMessage(messages: Message[], message: Message): Message[] {
  const index = messages.findLastIndex(({ id }) => id === message.id);
  return index < 0 ? [...messages, message] : messages.with(index, message);
}

const partOf = ({ kind, text }: ContentDelta): Part =>
  kind === 'text' ? { type: kind, text, format: 'markdown' } : { type: kind, text };

function withDelta(messages: Message[], delta: ContentDelta): Message[] {
  const index = messages.findLastIndex(({ id }) => id === delta.message_id);
  const message = messages[index];
  if (!message) return messages;
  const part = message.parts[delta.index];
  let parts: Part[];
  if (!part) parts = [...message.parts, partOf(delta)];
  else if (part.type === delta.kind) parts = message.parts.with(delta.index, { ...part, text: part.text + delta.text });
  else return messages;
  return messages.with(index, { ...message, parts });
}

/** The one word that tells tests and styles where the app stands. */
export function appState(state: State): AppState {
  if (state.phase === 'failed' || state.owner !== 'this') return 'error';
  if (state.phase === 'booting') return 'booting';
  if (state.model.state === 'failed') return 'error';
  if (state.model.state !== 'ready' && state.model.state !== 'unloaded') return 'loading-model';
  return state.sessions.some((session) => session.working) ? 'working' : 'ready';
}
