/** The empty conversation: says what the model is and teaches by example. A click on an example sends it. */
import { useState } from 'preact/hooks';
import { Shapes } from 'lucide';
import type { ModelCard } from '../../js_bridge/contract.gen';
import { errorOf, send } from '../actions';
import { attach, detach, detachAll, attachments, isPicture, picturesAttached } from '../attachments';
import { addressOf } from '../routes';
import { card, model } from '../store';
import { drawTestPicture } from '../test_picture';
import { Icon } from './icon';

export function Welcome({ onSent }: { onSent: () => void }) {
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const { value: known } = card;
  const ready = model.value.state === 'ready' && !busy;
  const pictures = picturesAttached();

  const ask = async (question: string, withPicture: boolean): Promise<void> => {
    setBusy(true);
    setProblem('');
    try {
      const shown = withPicture ? (pictures.length > 0 ? pictures : [await drawTestPicture(question)]) : [];
      const sentTo = await send(question, shown);
      if (withPicture) detachAll(sentTo);
      onSent();
    } catch (thrown) {
      setProblem(errorOf(thrown).message);
    } finally {
      setBusy(false);
    }
  };
  const draw = (): void => {
    for (const { key } of attachments.value.filter(isPicture)) detach(key);
    drawTestPicture().then(attach, (thrown: unknown) => setProblem(errorOf(thrown).message));
  };

  const chip = (question: string, withPicture: boolean) => (
    <li key={question}>
      <button class="chip" type="button" disabled={!ready} onClick={() => void ask(question, withPicture)}>
        {question}
      </button>
    </li>
  );
  const forWords = ({ examples }: ModelCard) =>
    examples.length > 0 && (
      <section key="words" aria-labelledby="examples-words">
        <h3 id="examples-words">Say something</h3>
        <ul class="chips">{examples.map((question) => chip(question, false))}</ul>
      </section>
    );
  const forPictures = ({ modalities, image_examples: examples }: ModelCard) =>
    modalities.includes('image') && (
      <section key="pictures" aria-labelledby="examples-pictures">
        <h3 id="examples-pictures">Ask about a picture</h3>
        <ul class="chips">
          <li>
            <button class="chip drawing" type="button" onClick={draw}>
              <Icon of={Shapes} /> {pictures.length > 0 ? 'Draw another test picture' : 'Draw me a test picture'}
            </button>
          </li>
          {examples.map((question) => chip(question, true))}
        </ul>
        <p class="muted">
          {pictures.length > 0
            ? 'The picture is attached below. Choose a question or write your own.'
            : 'A question without a picture of yours gets a freshly drawn one.'}
        </p>
      </section>
    );
  return (
    <div class="welcome">
      <h2>Private by construction</h2>
      <p>
        Model, Python and your conversations are in this tab and on this device. Nothing you write or show leaves it.
      </p>
      {known && (
        <>
          <div class="note">
            <p>
              <strong>{known.name}</strong> {known.tiny && <span class="tag">tiny</span>}
            </p>
            <p>
              {known.summary} <a href={addressOf({ view: 'models' })}>What it can do, with figures</a>
            </p>
          </div>
          {pictures.length > 0 ? [forPictures(known), forWords(known)] : [forWords(known), forPictures(known)]}
        </>
      )}
      {problem && (
        <p class="field-error" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
