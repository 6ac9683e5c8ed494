/** The starter model in the real engine answers as it does in PyTorch: fixed cases that training never saw. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChatMessage, Completion, ToolSpec } from '../../js_bridge/contract.gen';
import answers from '../data/starter_answers.json';
import { ask, clearStorage, type EngineLink, fetchStarter, loadOf, startEngine, stopWorkers } from './engine_workers';

/** The engine rounds activations to 8 bits, which tips the choice between two near words: measured, 95 % are the same. */
const SAME = 0.94;
/** The engine lets only names from the list through in a call, PyTorch lets anything. */
const CONSTRAINED = 'tools: unseen tool';
const MINUTES = 60_000;

interface Case {
  kind: string;
  messages: { role: string; text: string }[];
  tools: { name: string; arguments: string[] }[];
  images: string[];
  answer: string;
}

let engine: EngineLink;

beforeAll(async () => {
  await clearStorage();
  await fetchStarter();
  engine = startEngine();
  await engine.call('model.load', loadOf());
});
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

test(
  'answers as PyTorch does',
  async () => {
    const different: string[] = [];
    const cases = (answers.cases as Case[]).filter(({ kind }) => kind !== CONSTRAINED);
    for (const one of cases) {
      const request = ask('', { messages: messagesOf(one), tools: toolsOf(one), max_tokens: 120 });
      const completion = await engine.call('chat.complete', request).catch((error: Error) => error.message);
      const answer = typeof completion === 'string' ? completion : given(completion);
      if (answer !== plain(one.answer)) different.push(`${one.kind}: ${one.answer} | ${answer}`);
    }
    expect(different.length, different.join('\n')).toBeLessThanOrEqual((1 - SAME) * cases.length);
  },
  5 * MINUTES,
);
