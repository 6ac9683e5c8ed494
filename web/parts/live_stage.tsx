/** The picture of the Live view with the caption over it, and what people should know about the source. */
import { useEffect, useRef } from 'preact/hooks';
import { ScanEye } from 'lucide';
import { feeds } from '../camera_feed';
import { liveError, liveSettings, sentence, source, starting } from '../live';
import { health } from '../remote_camera';
import { seriesCut, seriesLimit } from '../series';
import { card, model, state } from '../store';
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

/** The model that is loaded takes fewer pictures at a time than were wanted. */
function Cut() {
  const frames = liveSettings.value?.frames ?? 1;
  return seriesCut(card.value, frames) ? (
    <p class="warning" role="status">
      {seriesLimit(card.value, frames)}
    </p>
  ) : null;
}

const HERE = 'Choose a source and press Start. What the model sees is described here, on this device.';
const ELSEWHERE = 'Name an endpoint and allow it. The camera goes there, and what it says is shown here.';

/** `remote`: a model elsewhere looks, through the camera that is sent there. */
export function LiveStage({ remote }: { remote: boolean }) {
  const place = useRef<HTMLDivElement>(null);
  const shown = remote ? feeds.value.get(health.value.wish_id) : source.value;
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
      {!remote && <Blind />}
      {!remote && <Cut />}
      <div class={`live-frame ${shown ? '' : 'empty'}`}>
        <div ref={place} class="live-place" />
        {!shown && (
          <p class="live-wait muted">
            <Icon of={ScanEye} />
            {(remote ? health.value.wish_id : starting.value) ? 'Waiting for the first frame. The browser may ask for permission.' : remote ? ELSEWHERE : HERE}
          </p>
        )}
        {shown && text && <p class="live-caption">{text}</p>}
      </div>
      <p class="visually-hidden" role="status" aria-label="Caption">
        {captions[0]?.text ?? ''}
      </p>
      <p class="muted live-sentence" role="status" aria-label="Source state">
        {!remote && sentence.value}
      </p>
      <Problem error={remote ? null : liveError.value} />
    </section>
  );
}
