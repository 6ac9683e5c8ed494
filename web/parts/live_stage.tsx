/** The picture of the Live view with the caption over it, and what people should know about the source. */
import { useEffect, useRef } from 'preact/hooks';
import { ScanEye } from 'lucide';
import { liveError, sentence, source, starting } from '../live';
import { model, state } from '../store';
import { Icon } from './icon';
import { Problem } from './problem';

/** The model that is loaded cannot see: said here, with the way to one that can. */
function Blind() {
  const { value: status } = model;
  if (status.state !== 'ready' || status.engine?.images) return null;
  return (
    <p class="warning" role="status">
      {status.card?.name ?? 'The model'} reads text only; it cannot see pictures. <a href="#/models">Choose a model that sees</a>.
    </p>
  );
}

export function LiveStage() {
  const place = useRef<HTMLDivElement>(null);
  const { value: shown } = source;
  const { text, captions } = state.value.live;
  useEffect(() => {
    if (!shown || !place.current) return;
    shown.element.setAttribute('aria-label', `${shown.label}, as it is seen`);
    if (shown.element instanceof HTMLCanvasElement) shown.element.setAttribute('role', 'img');
    place.current.replaceChildren(shown.element);
    return () => shown.element.remove();
  }, [shown]);
  return (
    <section class="live-stage" aria-label="Picture">
      <Blind />
      <div class={`live-frame ${shown ? '' : 'empty'}`}>
        <div ref={place} class="live-place" />
        {!shown && (
          <p class="live-wait muted">
            <Icon of={ScanEye} />
            {starting.value ? 'Waiting for the first frame. The browser may ask for permission.' : 'Choose a source and press Start. What the model sees is described here, on this device.'}
          </p>
        )}
        {shown && text && <p class="live-caption">{text}</p>}
      </div>
      <p class="visually-hidden" role="status" aria-label="Caption">
        {captions[0]?.text ?? ''}
      </p>
      <p class="muted live-sentence" role="status" aria-label="Source state">
        {sentence.value}
      </p>
      <Problem error={liveError.value} />
    </section>
  );
}
