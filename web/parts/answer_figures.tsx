/** The figures under an answer: tokens, rate, time to first token, image encoding. Owns their order and explanation. */
import type { Message } from '../../js_bridge/contract.gen';
import { count, duration, rate } from '../figures';

interface Figure {
  text: string;
  hint: string;
}

export function figuresOf({ usage, timings }: Pick<Message, 'usage' | 'timings'>): Figure[] {
  const shown: Figure[] = [];
  if (usage) {
    const cached = usage.cached_tokens > 0 ? `, ${usage.cached_tokens} of them from the cache` : '';
    shown.push({
      text: count(usage.completion_tokens, 'token'),
      hint: `Length of the answer. The prompt had ${count(usage.prompt_tokens, 'token')}${cached}.`,
    });
  }
  const { tokens_per_second: speed, time_to_first_token_ms: first, image_ms: image, total_ms: total } = timings ?? {};
  if (speed) shown.push({ text: rate(speed), hint: total ? `Writing speed. The whole answer took ${duration(total)}.` : 'Writing speed.' });
  if (first != null) shown.push({ text: `first token ${duration(first)}`, hint: 'Time from sending to the first token of the answer.' });
  if (image) shown.push({ text: `image ${duration(image)}`, hint: 'Time to encode the picture for the model.' });
  return shown;
}

export function AnswerFigures({ message }: { message: Message }) {
  const shown = figuresOf(message);
  if (shown.length === 0) return null;
  return (
    <ul class="figures" aria-label="Figures of this answer">
      {shown.map(({ text, hint }) => (
        <li key={text} title={hint}>
          {text}
        </li>
      ))}
    </ul>
  );
}
