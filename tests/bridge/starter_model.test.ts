/** The starter model in the real engine answers as it does in PyTorch: fixed cases that training never saw. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChatMessage, Completion, ToolSpec } from '../../js_bridge/contract.gen';
import answers from '../data/starter_answers.json';
import { ask, CARD, clearStorage, type EngineLink, fetchStarter, loadOf, OWN_ENGINE, startEngine, stopWorkers } from './engine_workers';

/** Measured: 99 % are the same on either engine; other processors round otherwise. */
const SAME = 0.97;
/** wllama takes five times as long for each: it is asked every third. */
const EVERY = OWN_ENGINE ? 1 : 3;
/** How far these few cases may lie under the card's figure of all. */
const MARGIN = 0.1;
const GROUPS = { picture: 'All questions about pictures', chat: 'All chat replies', tools: 'All about tools' };
/** Every refusal is as good as another. */
const REFUSAL = /^(I don't know|Sorry)/;
/** The engine lets only names from the list through in a call, PyTorch lets anything. */
const CONSTRAINED = 'tools: unseen tool';
/** A call that was cut at the limit; the engine gives it in parts. */
const CUT = /^<tool_call>(?!.*<\/tool_call>)/s;
const MINUTES = 60_000;

interface Case {
  kind: string;
  messages: { role: string; text: string }[];
  tools: { name: string; arguments: string[] }[];
  images: string[];
  right: string;
  answer: string;
}

const CASES = (answers.cases as Case[]).filter((_, index) => index % EVERY === 0);
const told: string[] = [];
let engine: EngineLink;

beforeAll(async () => {
  await clearStorage();
  await fetchStarter();
  engine = startEngine();
  await engine.call('model.load', loadOf());
  for (const one of CASES) told.push(await answerOf(one));
}, 5 * MINUTES);
afterAll(stopWorkers);

function bytes(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** The case as the app would ask it; pictures open the first message. */
function messagesOf({ messages, images }: Case): ChatMessage[] {
  return messages.map(({ role, text }, index) => ({
    role: role as ChatMessage['role'],
    content:
      images.length > 0 && index === 0
        ? [...images.map((image) => ({ type: 'image' as const, data: bytes(image) })), { type: 'text' as const, text }]
        : text,
    tool_calls: null,
    tool_call_id: null,
  }));
}

function toolsOf({ tools }: Case): ToolSpec[] | null {
  if (tools.length === 0) return null;
  return tools.map((tool) => ({
    type: 'function' as const,
    function: {
      name: tool.name,
      description: '',
      parameters: { type: 'object', properties: Object.fromEntries(tool.arguments.map((name) => [name, {}])) },
    },
  }));
}

/** An answer in one form: text, or the call with its arguments as values. */
function plain(text: string): string {
  const call = /^<tool_call>\s*(.*?)\s*<\/tool_call>$/s.exec(text.trim());
  if (!call) return text.trim();
  try {
    return JSON.stringify(JSON.parse(call[1] ?? ''));
  } catch {
    return text.trim();
  }
}

function given({ text, tool_calls: [call] }: Completion): string {
  if (!call) return plain(text);
  return plain(`<tool_call>{"name": "${call.function.name}", "arguments": ${call.function.arguments}}</tool_call>`);
}

async function answerOf(one: Case): Promise<string> {
  const request = ask('', { messages: messagesOf(one), tools: toolsOf(one), max_tokens: 120 });
  return engine.call('chat.complete', request).then(given, (error: Error) => error.message);
}

function isRight({ right }: Case, answer: string): boolean {
  return answer === plain(right) || (REFUSAL.test(right) && REFUSAL.test(answer));
}

test('answers as PyTorch does', () => {
  const different = CASES.flatMap((one, index) =>
    one.kind === CONSTRAINED || CUT.test(one.answer) || told[index] === plain(one.answer) ? [] : `${one.kind}: ${one.answer} | ${told[index]}`,
  );
  expect(different.length, different.join('\n')).toBeLessThanOrEqual((1 - SAME) * CASES.length);
});

test.runIf(EVERY === 1)('is as often right as its card says', () => {
  for (const [group, label] of Object.entries(GROUPS)) {
    const right = CASES.flatMap((one, index) => (one.kind.startsWith(group) ? [isRight(one, told[index] ?? '')] : []));
    const figure = CARD.figures.find((each) => each.label === label)?.value ?? 1;
    expect(right.filter(Boolean).length / right.length, label).toBeGreaterThan(figure - MARGIN);
  }
});
