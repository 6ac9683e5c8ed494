/** Python code asks to reach another origin: the question, wherever one is in the app, and its two answers. */
import { answerOrigin } from '../remote_camera';
import { state } from '../store';

export function OriginQuestion() {
  const { originAsked } = state.value;
  if (!originAsked) return null;
  const { id, origin, purpose } = originAsked;
  return (
    <section class="banner camera-in-use" aria-label="Permission" role="alert">
      <span>
        Python code in this tab wants to {purpose} <strong>{origin}</strong>.
      </span>
      <button class="button primary" type="button" onClick={() => void answerOrigin(id, origin, true)}>
        Allow until it ends
      </button>
      <button class="button" type="button" onClick={() => void answerOrigin(id, origin, false)}>
        Refuse
      </button>
    </section>
  );
}
