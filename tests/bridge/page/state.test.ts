// Folding the contract's events into what the page shows.
import { describe, expect, test } from 'vitest';
import type { AppInfo, Message, ModelStatus, Parameters, Session } from '../../../js_bridge/contract.gen';
import { appState, INITIAL, reduce, type State, type StateEvent } from '../../../web/state';

const parameters: Parameters = {
  system_prompt: null,
  temperature: null,
  top_p: null,
  top_k: null,
  min_p: null,
  max_tokens: null,
  seed: null,
  stop: null,
  tool_choice: null,
  image_detail: null,
};

function session(id: string, changes: Partial<Session> = {}): Session {
  return { id, title: id, created_at: 1, updated_at: 1, parameters, chain: [], message_count: 0, working: false, ...changes };
}

function message(id: string, changes: Partial<Message> = {}): Message {
  return {
    id,
    session_id: 'a',
    parent_id: null,
    role: 'assistant',
    parts: [],
    status: 'streaming',
    error: null,
    finish_reason: null,
    usage: null,
    timings: null,
    model: null,
    provider: null,
    remote: false,
    note: '',
    created_at: 1,
    siblings: [id],
    ...changes,
  };
}

const model = (state: ModelStatus['state']): ModelStatus => ({ ...INITIAL.model, state });

const info = (sessions: Session[]): AppInfo => ({
  version: '1',
  sessions,
  settings: { ...INITIAL.settings, theme: 'dark', model_id: 'm' },
  storage: { durable: true, database_bytes: 0, reason: '' },
  model: model('ready'),
  providers: [],
});

const fold = (state: State, ...events: StateEvent[]): State => events.reduce(reduce, state);
const up = (...sessions: Session[]): State => fold(INITIAL, ['app:ready', info(sessions)]);
const open = (...messages: Message[]): State =>
  fold(up(session('a')), ['page:conversation-opened', { session: session('a'), messages }]);
const delta = (text: string, changes = {}): StateEvent => [
  'content_block:delta',
  { session_id: 'a', message_id: 'm', index: 0, kind: 'text', text, ...changes },
];

describe('start', () => {
  test('goes from booting through loading the model to ready', () => {
    const booting = fold(INITIAL, ['boot:progress', { stage: 'python', label: 'x', loaded_bytes: 1, total_bytes: 2 }]);
    expect(appState(booting)).toBe('booting');
    const loading = fold(booting, ['app:ready', { ...info([]), model: model('loading') }]);
    expect(appState(loading)).toBe('loading-model');
    expect(appState(fold(loading, ['model:status', model('ready')]))).toBe('ready');
  });

  test('a failure is an error with its reason, and a new start forgets it', () => {
    const failed = fold(INITIAL, ['boot:failed', { error: { code: 'x', message: 'why', action: '', retryable: true } }]);
    expect(appState(failed)).toBe('error');
    expect(failed.failure?.message).toBe('why');
    expect(appState(fold(failed, ['page:boot-started', null]))).toBe('booting');
  });

  test('a database in another tab is an error until it is ours', () => {
    const elsewhere = fold(up(), ['database:owner', { owner: 'lost' }]);
    expect(appState(elsewhere)).toBe('error');
    expect(appState(fold(elsewhere, ['app:ready', info([])]))).toBe('ready');
  });

  test('a failed model is an error', () => {
    expect(appState(fold(up(), ['model:status', model('failed')]))).toBe('error');
  });
});

describe('sessions', () => {
  test('are sorted by their last change', () => {
    const state = up(session('old'), session('new', { updated_at: 5 }));
    expect(state.sessions.map(({ id }) => id)).toEqual(['new', 'old']);
    const changed = fold(state, ['session:changed', { session: session('old', { updated_at: 9 }) }]);
    expect(changed.sessions.map(({ id }) => id)).toEqual(['old', 'new']);
  });

  test('a change reaches the open conversation too', () => {
    const state = fold(open(), ['session:changed', { session: session('a', { title: 'Named', working: true }) }]);
    expect(state.conversation?.session.title).toBe('Named');
    expect(appState(state)).toBe('working');
  });

  test('a deleted one is no longer open, and comes back when restored', () => {
    const removed = fold(open(message('m')), ['session:removed', { session_id: 'a' }]);
    expect(removed.sessions).toEqual([]);
    expect(removed.conversation).toBeNull();
    expect(fold(removed, ['session:changed', { session: session('a') }]).sessions).toHaveLength(1);
  });
});

describe('messages', () => {
  test('deltas are appended to the part they name, and make it when it is not there', () => {
    const state = fold(open(message('m')), delta('Hel'), delta('lo'), delta('why', { index: 1, kind: 'reasoning' }));
    expect(state.conversation?.messages[0]?.parts).toEqual([
      { type: 'text', text: 'Hello', format: 'markdown' },
      { type: 'reasoning', text: 'why' },
    ]);
  });

  test('a delta leaves other messages the same objects, so that they are not drawn again', () => {
    const before = open(message('other', { status: 'complete' }), message('m'));
    const after = fold(before, delta('x'));
    expect(after.conversation?.messages[0]).toBe(before.conversation?.messages[0]);
    expect(after.sessions).toBe(before.sessions);
  });

  test('deltas and messages of other conversations change nothing', () => {
    const state = open(message('m'));
    expect(fold(state, delta('x', { session_id: 'b' }))).toBe(state);
    expect(fold(state, delta('x', { message_id: 'unknown' }))).toBe(state);
    expect(fold(state, ['message:changed', { message: message('n', { session_id: 'b' }) }])).toBe(state);
  });

  test('a changed message replaces the old one, an unknown one is appended', () => {
    const done = message('m', { status: 'complete', parts: [{ type: 'text', text: 'whole', format: 'markdown' }] });
    const state = fold(open(message('m')), delta('who'), ['message:changed', { message: done }], ['message:changed', { message: message('n') }]);
    expect(state.conversation?.messages).toEqual([done, message('n')]);
  });

  test('a changed branch is drawn anew', () => {
    const state = fold(open(message('m')), ['conversation:changed', { conversation: { session: session('a', { title: 'x' }), messages: [message('n')] } }]);
    expect(state.conversation?.messages.map(({ id }) => id)).toEqual(['n']);
    expect(state.sessions[0]?.title).toBe('x');
  });
});

describe('notices', () => {
  const notice = (code: string, text: string): StateEvent => ['notice', { level: 'error', code, message: text, action: '' }];

  test('one code is shown once, with its last text', () => {
    const state = fold(INITIAL, notice('x', 'first'), notice('y', 'other'), notice('x', 'second'));
    expect(state.notices.map(({ message: text }) => text)).toEqual(['other', 'second']);
  });

  test('go when dismissed', () => {
    const state = fold(INITIAL, notice('x', 'first'));
    expect(fold(state, ['page:notice-dismissed', state.lastKey]).notices).toEqual([]);
  });
});
