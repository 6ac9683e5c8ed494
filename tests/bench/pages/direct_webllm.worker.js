// WebLLM without the app, in a worker as in the app: what the app's decode rate with it is compared with.
// {load: [address of the model, address of its library]} and {decode: [question, max tokens]} are answered with one
// message each.
import { TokenClock } from './token_clock.js';
import { MLCEngine } from './webllm/index.js';

let engine;

const orders = {
  async load([model, model_lib]) {
    const appConfig = { cacheBackend: 'opfs', model_list: [{ model_id: 'starter', model, model_lib }] };
    engine = new MLCEngine({ appConfig, logLevel: 'WARN' });
    await engine.reload('starter');
    return true;
  },

  async decode([question, max_tokens]) {
    const clock = new TokenClock();
    await engine.resetChat();
    const chunks = await engine.chat.completions.create({
      messages: [{ role: 'user', content: question }],
      max_tokens,
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const chunk of chunks) {
      if (chunk.choices[0]?.delta.content) clock.tick();
      if (chunk.usage) clock.tokens = chunk.usage.completion_tokens;
    }
    return clock.rate();
  },
};

self.addEventListener('message', async ({ data }) => {
  const [[order, argument]] = Object.entries(data);
  self.postMessage(await orders[order](argument));
});
