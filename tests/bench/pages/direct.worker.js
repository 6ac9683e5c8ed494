// wllama without the app, in a worker as in the app: what the app's decode rate is compared with.
// {load: [address of the WASM, card, base]}, {decode: [question, max tokens]} and {describe: [pictures, question, max
// tokens, frames a scene, milliseconds]} are answered with one message each.
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

  /** Each frame of a film in its order, until the time is over. No two frames are equal, as with any camera. */
  async describe([pictures, question, max_tokens, scene, ms]) {
    const bitmaps = await Promise.all(pictures.map((bytes) => createImageBitmap(new Blob([new Uint8Array(bytes)]))));
    const canvas = new OffscreenCanvas(bitmaps[0].width, bitmaps[0].height);
    const brush = canvas.getContext('2d');
    const latencies = [];
    const end = performance.now() + ms;
    for (let frame = 0; performance.now() < end; frame++) {
      const taken = performance.now();
      brush.drawImage(bitmaps[Math.floor(frame / scene) % bitmaps.length], 0, 0);
      brush.fillRect(frame % canvas.width, 0, 1, 1);
      const data = await (await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.92 })).arrayBuffer();
      const content = [{ type: 'image', data }, { type: 'text', text: question }];
      await wllama.createChatCompletion({
        messages: [{ role: 'user', content }],
        max_tokens,
        temperature: 0,
        stream: true,
        onData: () => undefined,
      });
      latencies.push(performance.now() - taken);
    }
    return { frames: latencies.length, latencies };
  },
};

self.addEventListener('message', async ({ data }) => {
  const [[order, argument]] = Object.entries(data);
  self.postMessage(await orders[order](argument));
});
