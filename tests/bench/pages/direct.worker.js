// wllama without the app, in a worker as in the app: what the app's decode rate is compared with.
// {load: [address of the WASM, card, base]} and {decode: [question, max tokens]} are answered with one message each.
import { TokenClock } from './token_clock.js';
import { Wllama } from './wllama/index.js';

let wllama;

const orders = {
  async load([wasm, card, base]) {
    const quiet = () => undefined;
    wllama = new Wllama({ default: wasm }, { logger: { debug: quiet, log: quiet, warn: quiet, error: quiet } });
    wllama.setCompat(null);
    const files = await Promise.all(card.files.map(async ({ url }) => (await fetch(base + url)).blob()));
    const n_threads = Math.max(1, Math.floor(navigator.hardwareConcurrency / 2));
    await wllama.loadModel(files, { n_ctx: card.context_window, n_threads });
    return true;
  },

  async decode([question, max_tokens]) {
    const clock = new TokenClock();
    await wllama.createChatCompletion({
      messages: [{ role: 'user', content: question }],
      max_tokens,
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
      onData(chunk) {
        if (chunk.choices[0]?.delta.content) clock.tick();
        if (chunk.usage) clock.tokens = chunk.usage.completion_tokens;
      },
    });
    return clock.rate();
  },
};

self.addEventListener('message', async ({ data }) => {
  const [[order, argument]] = Object.entries(data);
  self.postMessage(await orders[order](argument));
});
