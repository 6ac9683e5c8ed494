/**
 * Where the pictures come from, Start and Stop. Owns the choice; opening a source is js_bridge/frame_source.ts. What the
 * camera shows to an endpoint elsewhere is remote_camera.tsx.
 */
import { useEffect, useState } from 'preact/hooks';
import { Play, Square } from 'lucide';
import type { CameraChoice } from '../../js_bridge/camera';
import { cameras, cameraSource, imagesSource, screenSource, videoSource, type FrameSource, type SourceKind } from '../../js_bridge/frame_source';
import { source, startLive, starting, stopLive } from '../live';
import { sending } from '../remote_camera';
import { Icon } from './icon';

export type LiveKind = SourceKind | 'remote';

const SOURCES: readonly { kind: LiveKind; name: string }[] = [
  { kind: 'camera', name: 'Camera' },
  { kind: 'screen', name: 'Screen or window' },
  { kind: 'video', name: 'Video file' },
  { kind: 'images', name: 'Pictures' },
  { kind: 'remote', name: 'Remote camera analysis' },
];
const RESOLUTIONS = ['320 × 240', '640 × 480', '1280 × 720', '1920 × 1080'];

function useCameras(): { id: string; name: string }[] {
  const [found, setFound] = useState<{ id: string; name: string }[]>([]);
  useEffect(() => {
    const look = (): void => void cameras().then(setFound, () => setFound([]));
    look();
    navigator.mediaDevices?.addEventListener('devicechange', look);
    return () => navigator.mediaDevices?.removeEventListener('devicechange', look);
  }, [source.value]);
  return found;
}

/** The value of the camera list: a device, or a side of the phone. */
function choiceOf(camera: string, resolution: string): CameraChoice {
  const [width, height] = resolution.split(' × ').map(Number);
  const where: CameraChoice = camera === 'user' || camera === 'environment' ? { facing: camera } : { deviceId: camera };
  return { ...where, ...(width ? { width } : {}), ...(height ? { height } : {}) };
}

export function SourceList({ kind, choose }: { kind: LiveKind; choose: (kind: LiveKind) => void }) {
  return (
    <label class="row">
      Source
      <select
        class="button"
        value={kind}
        disabled={source.value !== null || starting.value || sending.value}
        onChange={({ currentTarget }) => choose(currentTarget.value as LiveKind)}
      >
        {SOURCES.map((each) => (
          <option key={each.kind} value={each.kind}>
            {each.name}
          </option>
        ))}
      </select>
    </label>
  );
}

export function LiveSource({ kind }: { kind: SourceKind }) {
  const [camera, setCamera] = useState('environment');
  const [resolution, setResolution] = useState('640 × 480');
  const [files, setFiles] = useState<File[]>([]);
  const devices = useCameras();
  const busy = source.value !== null || starting.value;
  const chosen = (): FrameSource => {
    if (kind === 'camera') return cameraSource(choiceOf(camera, resolution));
    if (kind === 'screen') return screenSource();
    return kind === 'video' ? videoSource(files[0] as File) : imagesSource(files);
  };
  const fromFiles = kind === 'video' || kind === 'images';
  return (
    <form
      class="row live-source-form"
      aria-label="Where the pictures come from"
      onSubmit={(event) => {
        event.preventDefault();
        void startLive(chosen());
      }}
    >
      {kind === 'camera' && (
        <>
          <label class="row">
            Camera
            <select class="button" value={camera} disabled={busy} onChange={({ currentTarget }) => setCamera(currentTarget.value)}>
              <option value="environment">Back, or any</option>
              <option value="user">Front</option>
              {devices.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <label class="row">
            Resolution
            <select class="button" value={resolution} disabled={busy} onChange={({ currentTarget }) => setResolution(currentTarget.value)}>
              {RESOLUTIONS.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </label>
        </>
      )}
      {fromFiles && (
        <input
          type="file"
          aria-label={kind === 'video' ? 'Video file' : 'Pictures'}
          accept={kind === 'video' ? 'video/*' : 'image/*'}
          multiple={kind === 'images'}
          disabled={busy}
          onChange={({ currentTarget }) => setFiles([...(currentTarget.files ?? [])])}
        />
      )}
      {busy ? (
        // Keys: else the one button would become the other while it is pressed, and submit.
        <button key="stop" class="button primary" type="button" onClick={stopLive}>
          <Icon of={Square} /> Stop
        </button>
      ) : (
        <button key="start" class="button primary" type="submit" disabled={fromFiles && files.length === 0}>
          <Icon of={Play} /> Start
        </button>
      )}
    </form>
  );
}
