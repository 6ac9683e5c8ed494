/**
 * A stored picture of a message: fetched from Python once, kept as an object URL while the page lives.
 *
 * Owns the URLs. A click shows the picture at its full size.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ImagePart } from '../../js_bridge/contract.gen';
import { connection } from '../store';

const addresses = new Map<string, Promise<string>>();

function addressOf(imageId: string): Promise<string> {
  const known = addresses.get(imageId);
  if (known) return known;
  const address = connection
    .call('image.get', { image_id: imageId })
    .then(({ bytes, mime }) => URL.createObjectURL(new Blob([new Uint8Array(bytes)], { type: mime })));
  addresses.set(imageId, address);
  address.catch(() => addresses.delete(imageId));
  return address;
}

export function Picture({ part }: { part: ImagePart }) {
  const [address, setAddress] = useState('');
  const [failed, setFailed] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  const name = part.name || 'Attached picture';
  useEffect(() => {
    let wanted = true;
    addressOf(part.image_id).then(
      (found) => wanted && setAddress(found),
      () => wanted && setFailed(true),
    );
    return () => {
      wanted = false;
    };
  }, [part.image_id]);
  if (failed) return <p class="picture-missing">This picture could not be read from the store.</p>;
  const size = { width: part.width, height: part.height };
  return (
    <>
      <button class="picture" type="button" aria-label={`Enlarge ${name}`} onClick={() => dialog.current?.showModal()}>
        {address && <img src={address} alt={name} {...size} />}
      </button>
      <dialog class="lightbox" ref={dialog} aria-label={name} onClick={() => dialog.current?.close()}>
        {address && <img src={address} alt={name} {...size} />}
        <p>
          {name}, {part.width} × {part.height}
        </p>
        <button class="button" type="button">
          Close
        </button>
      </dialog>
    </>
  );
}
