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
import { Choice, type Option } from './choice';
import { Icon } from './icon';

export type LiveKind = SourceKind | 'remote';

const SOURCES: readonly Option<LiveKind>[] = [
  { value: 'camera', name: 'Camera' },
  { value: 'screen', name: 'Screen or window' },
  { value: 'video', name: 'Video file' },
  { value: 'images', name: 'Pictures' },
  { value: 'remote', name: 'Remote camera analysis' },
];
const RESOLUTIONS = ['320 × 240', '640 × 480', '1280 × 720', '1920 × 1080'].map((size) => ({ value: size, name: size }));
const SIDES = [
  { value: 'environment', name: 'Back, or any' },
  { value: 'user', name: 'Front' },
];

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
  const busy = source.value !== null || starting.value || sending.value;
  return <Choice label="Source" value={kind} options={SOURCES} disabled={busy} choose={choose} />;
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
          <Choice label="Camera" value={camera} options={[...SIDES, ...devices.map(({ id, name }) => ({ value: id, name }))]} disabled={busy} choose={setCamera} />
          <Choice label="Resolution" value={resolution} options={RESOLUTIONS} disabled={busy} choose={setResolution} />
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
