/**
 * Lets Python look through the camera while it is open on screen: tells that it is, and hands over a frame on request.
 *
 * Owns nothing that lasts: a camera that is offered is taken back when its panel closes.
 */
import type { Camera } from '../js_bridge/camera';
import { report } from './actions';
import { connection } from './store';

const tell = (open: boolean): void => void connection.call('camera.state', { open }).catch(report);

/** Offers a camera that gives pictures; gives what takes it back. */
export function offerCamera(camera: Camera): () => void {
  tell(true);
  const end = connection.listen((events) => {
    for (const [name, data] of events) {
      // Python was started anew and knows of no camera.
      if (name === 'app:ready') tell(true);
      if (name !== 'camera:wanted') continue;
      camera
        .snapshot()
        .catch(() => null)
        .then((image) => connection.call('camera.frame', { request_id: data.request_id, image }))
        .catch(report);
    }
  });
  return () => {
    end();
    tell(false);
  };
}
