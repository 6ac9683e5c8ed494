/**
 * Recorded events as a timeline: turns, and in each turn what took how long.
 *
 * Owns the pairing of events (a request with its response, a tool call with its result) and the estimate of how many
 * tokens each part of a prompt is. Draws nothing and asks nobody.
 */
import type { TraceEvent } from '../js_bridge/contract.gen';

export interface Span {
  key: number;
  label: string;
  kind: 'prompt' | 'model' | 'tool' | 'approval' | 'error' | 'note';
  /** Seconds since the turn began; `end` null: a moment, or never finished. */
  start: number;
  end: number | null;
  /** What a hook did to it. */
  hook: '' | 'changed by a hook' | 'ended by a hook';
  parts: readonly Part[];
  details: readonly TraceEvent[];
}

/** A part of a prompt; `tokens` is an estimate. */
export interface Part {
  name: string;
  tokens: number;
}

export interface TracedTurn {
  id: string;
  prompt: string;
  at: number;
  /** Seconds. */
  length: number;
  spans: readonly Span[];
}

type Data = Record<string, unknown>;

const CHARACTERS_PER_TOKEN = 4;
const OPENS: Record<string, Span['kind']> = { 'provider:request': 'model', 'tool:pre': 'tool', 'approval:required': 'approval' };
const CLOSES: Record<string, string> = {
  'provider:response': 'provider:request',
  'provider:error': 'provider:request',
  'tool:post': 'tool:pre',
  'tool:error': 'tool:pre',
  'approval:granted': 'approval:required',
  'approval:denied': 'approval:required',
};
/** Events that say nothing beyond what their neighbours say, unless a hook touched them. */
const QUIET = new Set([
  'session:start',
  'session:end',
  'session:resume',
  'execution:start',
  'execution:end',
  'orchestrator:complete',
  'prompt:submit',
  'prompt:complete',
  'content_block:start',
  'content_block:end',
]);
const HOOKS = { passed: '', changed: 'changed by a hook', ended: 'ended by a hook' } as const;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
const list = (value: unknown): Data[] => (Array.isArray(value) ? (value as Data[]) : []);

/** The turns of a session, the newest first. */
export function turnsOf(events: readonly TraceEvent[]): TracedTurn[] {
  const groups = Map.groupBy(
    events.filter(({ turn }) => turn !== null),
    ({ turn }) => turn ?? '',
  );
  return [...groups].map(([id, group]) => turnOf(id, group)).reverse();
}

function turnOf(id: string, events: readonly TraceEvent[]): TracedTurn {
  const at = events[0]?.at ?? 0;
  const spans: Span[] = [];
  const open = new Map<string, Span>();
  let answered: Span | undefined;
  for (const event of events) {
    const pair = CLOSES[event.event];
    const begun = pair ? open.get(nameOf(pair, event.data)) : undefined;
    if (begun && pair) {
      close(begun, event, at);
      open.delete(nameOf(pair, event.data));
      if (event.event === 'provider:response') estimate(spans, event.data);
      continue;
    }
    if (event.event === 'provider:request') answered = undefined;
    if (event.event === 'content_block:delta' && answered) continue;
    if (QUIET.has(event.event) && event.outcome === 'passed') continue;
    const span = spanOf(event, at, [...open.values()].findLast(({ kind }) => kind === 'model'));
    spans.push(span);
    if (event.event === 'content_block:delta') answered = span;
    if (OPENS[event.event] && event.outcome !== 'ended') open.set(nameOf(event.event, event.data), span);
  }
  const prompt = text(events.find(({ event }) => event === 'execution:start')?.data['prompt']);
  return { id, prompt, at, length: Math.max(0, (events.at(-1)?.at ?? at) - at), spans };
}

/** By what an event finds its partner: a tool call by its id. */
function nameOf(event: string, data: Data): string {
  return event === 'tool:pre' ? `${event} ${text(data['tool_call_id'])}` : event;
}

function close(span: Span, event: TraceEvent, at: number): void {
  span.end = event.at - at;
  span.details = [...span.details, event];
  span.hook ||= HOOKS[event.outcome];
  if (event.event.endsWith(':error')) {
    span.kind = 'error';
    span.label += ' failed';
  }
  if (event.event === 'approval:granted') span.label = 'Allowed';
  if (event.event === 'approval:denied') span.label = 'Denied';
}

function spanOf(event: TraceEvent, at: number, asked: Span | undefined): Span {
  const { data } = event;
  const kind = event.event.endsWith(':error') ? 'error' : (OPENS[event.event] ?? (event.event === 'llm:request' ? 'prompt' : 'note'));
  const start = event.at - at;
  return {
    key: event.seq,
    label: labelOf(event, asked ? start - asked.start : 0),
    kind,
    start,
    end: typeof data['until'] === 'number' ? data['until'] - at : null,
    hook: HOOKS[event.outcome],
    parts: event.event === 'llm:request' ? partsOf(data) : [],
    details: [event],
  };
}

function labelOf({ event, data }: TraceEvent, waited: number): string {
  switch (event) {
    case 'provider:request':
      return `Asked ${text(data['provider']) || 'the model'}`;
    case 'llm:request':
      return 'Prompt assembled';
    case 'content_block:delta':
      return `First token after ${Math.round(waited * 1000)} ms`;
    case 'tool:pre':
    case 'tool:post':
    case 'tool:error':
      return `Tool ${text(data['tool_name'])}`;
    case 'approval:required':
      return 'Asked you';
    default:
      return event;
  }
}

/** What a prompt is made of, by length. */
function partsOf(data: Data): Part[] {
  const messages = list(data['messages']);
  const last = messages.findLastIndex(({ role }) => role === 'user');
  const names = new Map<string, number>();
  const add = (name: string, characters: number): void => {
    if (characters > 0) names.set(name, (names.get(name) ?? 0) + characters / CHARACTERS_PER_TOKEN);
  };
  messages.forEach((message, index) => {
    const role = text(message['role']);
    const name = role === 'system' ? 'System prompt' : index === last ? 'Your message' : index > last ? 'Tool results' : 'Earlier messages';
    add(name, number(message['characters']));
  });
  for (const tool of list(data['tools'])) add('Tools', number(tool['characters']));
  if (messages.some((message) => number(message['pictures']) > 0)) names.set('Pictures', 0);
  return [...names].map(([name, tokens]) => ({ name, tokens }));
}

/** Fits the estimate to the tokens that the engine counted; pictures are what the text leaves. */
function estimate(spans: readonly Span[], response: Data): void {
  const prompt = spans.findLast(({ kind }) => kind === 'prompt');
  const counted = number((response['usage'] as Data | null)?.['input_tokens']);
  if (!prompt || counted === 0) return;
  const guessed = prompt.parts.reduce((sum, part) => sum + part.tokens, 0);
  const pictures = prompt.parts.some(({ name }) => name === 'Pictures');
  const scale = pictures ? Math.min(1, counted / Math.max(guessed, 1)) : counted / Math.max(guessed, 1);
  prompt.parts = prompt.parts.map(({ name, tokens }) => ({
    name,
    tokens: name === 'Pictures' ? Math.max(0, Math.round(counted - guessed * scale)) : Math.round(tokens * scale),
  }));
}

/** Whether a span holds all words, in its label or anywhere in its events. */
export function matches(span: Span, query: string): boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const whole = `${span.label} ${span.hook} ${JSON.stringify(span.details)}`.toLowerCase();
  return words.every((word) => whole.includes(word));
}
