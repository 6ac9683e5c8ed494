/**
 * The camera above the composer: preview, snapshot, other side. The camera runs exactly as long as this is on screen.
 *
 * Owns the panel; the stream is js_bridge/camera.ts.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Aperture, RefreshCw, SwitchCamera, X } from 'lucide';
import { Camera } from '../../js_bridge/camera';
import type { ErrorInfo } from '../../js_bridge/contract.gen';
import { errorOf } from '../actions';
import { attach } from '../attachments';
import { offerCamera } from '../live_camera';
import { cameraOpen } from '../store';
import { named, useReturnFocus } from './focus';
import { Icon } from './icon';

export function CameraPanel() {
  const video = useRef<HTMLVideoElement>(null);
  const camera = useRef<Camera>(undefined);
  const [live, setLive] = useState(false);
  const [several, setSeveral] = useState(false);
  const [error, setError] = useState<ErrorInfo | null>(null);
  useReturnFocus(() => named('Message'));

  const run = async (start: (camera: Camera) => Promise<boolean>): Promise<void> => {
    if (!camera.current) return;
    setError(null);
    setLive(false);
    try {
      if (!(await start(camera.current))) return;
      setLive(true);
      setSeveral((await camera.current.count()) > 1);
    } catch (thrown) {
      setError(errorOf(thrown));
    }
  };

  useEffect(() => (live && camera.current ? offerCamera(camera.current) : undefined), [live]);

  useEffect(() => {
    if (!video.current) return;
    const opened = new Camera(video.current, (reason) => {
      setLive(false);
      setError(errorOf(reason));
    });
    camera.current = opened;
    void run((it) => it.start());
    const hide = (): void => {
      if (document.hidden) cameraOpen.value = false;
    };
    document.addEventListener('visibilitychange', hide);
    return () => {
      document.removeEventListener('visibilitychange', hide);
      opened.stop();
    };
  }, []);

  const take = async (): Promise<void> => {
    try {
      const picture = await camera.current?.snapshot();
      if (!picture) return;
      attach(picture);
      cameraOpen.value = false;
    } catch (thrown) {
      setError(errorOf(thrown));
    }
  };

  return (
    <section class="camera" aria-label="Camera preview">
      <div class="camera-frame">
        <video ref={video} playsInline muted aria-label="What the camera sees" hidden={error !== null} />
        {!live && !error && (
          <p class="camera-wait" role="status">
            Waiting for the camera. The browser may ask for permission.
          </p>
        )}
        {error && (
          <p class="camera-wait" role="alert">
            {error.message} {error.action}
          </p>
        )}
      </div>
      <p class="muted">While the camera is open, the model may look through it with the tool camera_look.</p>
      <div class="row">
        <button class="button primary" type="button" disabled={!live} onClick={() => void take()}>
          <Icon of={Aperture} /> Take picture
        </button>
        {several && (
          <button class="button" type="button" disabled={!live} onClick={() => void run((it) => it.switchSide())}>
            <Icon of={SwitchCamera} /> Other side
          </button>
        )}
        {error && (
          <button class="button" type="button" onClick={() => void run((it) => it.start())}>
            <Icon of={RefreshCw} /> Try again
          </button>
        )}
        <button class="button" type="button" onClick={() => (cameraOpen.value = false)}>
          <Icon of={X} /> Close
        </button>
      </div>
    </section>
  );
}
