// Stands in for the llama.cpp worker and answers as fast as it can post: what is left is the cost of everything else.
// Speaks the wire protocol of js_bridge/rpc.ts. The number in the question says how many tokens the answer has.
const BATCH = 16;
const WORD = 'token ';

const answers = {
  'model.load': ({ context_window }) =>
    ({ engine: 'none', backend: 'cpu', threads: 1, context_window, images: true, load_ms: 0 }),
  'model.unload': () => null,
  'tokens.count': ({ texts }) => texts.map((text) => Math.ceil(text.length / 4)),
  'chat.complete': complete,
};

self.addEventListener('message', async ({ data: { id, method, params } }) => {
  const answer = answers[method];
  if (answer) self.postMessage({ id, result: await answer(params, id) });
});

async function complete({ messages }, id) {
  const question = messages.findLast(({ role }) => role === 'user').content;
  const text = typeof question === 'string' ? question : question.map((part) => part.text ?? '').join('');
  const tokens = Number(/\d+/.exec(text)?.[0] ?? 8);
  for (let sent = 0; sent < tokens; sent += BATCH) {
    const batch = WORD.repeat(Math.min(BATCH, tokens - sent));
    self.postMessage({ id, chunks: [{ text: batch, reasoning: '', tool_calls: [] }] });
    await nextTask();
  }
  return {
    text: WORD.repeat(tokens),
    reasoning: '',
    tool_calls: [],
    finish_reason: 'stop',
    usage: { prompt_tokens: 8, completion_tokens: tokens, cached_tokens: 0 },
    timings: { time_to_first_token_ms: 0, prompt_ms: 0, image_ms: null, total_ms: 0, tokens_per_second: null },
  };
}

function nextTask() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
