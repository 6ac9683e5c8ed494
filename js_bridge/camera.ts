/**
 * The camera as still pictures: start, wait for a real frame, take a snapshot, switch sides, stop.
 *
 * Owns the media stream and turns the browser's errors into sentences. Does not draw a preview by itself: it plays into
 * the video element that it is given.
 */
import type { NewImage } from './contract.gen';
import { imageFromSource } from './images';

export type Facing = 'user' | 'environment';

/** Which camera, and what is wished for: the browser comes as near as it can. Sizes in pixels. */
export interface CameraChoice {
  deviceId?: string;
  facing?: Facing;
  width?: number;
  height?: number;
  frameRate?: number;
}

/** Asks the person and the browser for a camera. Throws what `cameraError` puts into words. */
export function openCamera({ deviceId, facing, width, height, frameRate }: CameraChoice): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw new TypeError();
  const ideal = <T>(value: T | undefined) => (value === undefined ? {} : { ideal: value });
  return navigator.mediaDevices.getUserMedia({
    audio: false,
    video: {
      ...(deviceId === undefined ? { facingMode: ideal(facing) } : { deviceId: { exact: deviceId } }),
      width: ideal(width),
      height: ideal(height),
      frameRate: ideal(frameRate),
    },
  });
}

/** Why there is no picture, in words for people. */
export class CameraError extends Error {
  constructor(readonly code: string, message: string, readonly action: string) {
    super(message);
    this.name = 'CameraError';
  }
}

const REASONS: Record<string, [message: string, action: string]> = {
  NotAllowedError: ['The browser does not allow the camera for this page.', 'Allow it in the address bar and try again.'],
  SecurityError: ['The browser does not allow the camera for this page.', 'Allow it in the address bar and try again.'],
  NotFoundError: ['No camera was found.', 'Connect one and try again, or attach a picture instead.'],
  OverconstrainedError: ['This device has no such camera.', 'Try the other side.'],
  NotReadableError: ['The camera is in use by another program, or it does not answer.', 'Close the other program and try again.'],
  AbortError: ['The camera stopped before it gave a picture.', 'Try again.'],
  TypeError: ['This page may not use a camera: it was not opened over a secure connection.', 'Open it over https or on localhost.'],
};

/** The browser's error in words. */
export function cameraError(thrown: unknown): CameraError {
  if (thrown instanceof CameraError) return thrown;
  const { name, message } = Object(thrown) as { name?: string; message?: string };
  const [reason, action] = REASONS[name ?? ''] ?? [`The camera failed: ${message || String(thrown)}`, 'Try again.'];
  return new CameraError(name ?? 'Error', reason, action);
}

export class Camera {
  facing: Facing = 'environment';
  private stream: MediaStream | undefined;
  private attempt = 0;

  /** `onEnded` is told when the camera goes away by itself, for example when it is unplugged. */
  constructor(private readonly video: HTMLVideoElement, private readonly onEnded: (error: CameraError) => void) {}

  /** Resolves when a real frame is on screen. A later start or stop makes this one give up silently (false). */
  async start(facing: Facing = this.facing): Promise<boolean> {
    this.stop();
    const attempt = this.attempt;
    this.facing = facing;
    try {
      const stream = await openCamera({ facing, width: 1280, height: 960 });
      if (attempt !== this.attempt) {
        end(stream);
        return false;
      }
      this.stream = stream;
      for (const track of stream.getVideoTracks()) track.addEventListener('ended', this.ended);
      this.video.srcObject = stream;
      this.video.muted = true;
      await this.video.play();
      await this.frame(stream);
      return attempt === this.attempt;
    } catch (thrown) {
      if (attempt !== this.attempt) return false;
      this.stop();
      throw cameraError(thrown);
    }
  }

  /** How many cameras there are; known once the person allowed one. */
  async count(): Promise<number> {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter(({ kind }) => kind === 'videoinput').length;
  }

  switchSide(): Promise<boolean> {
    return this.start(this.facing === 'user' ? 'environment' : 'user');
  }

  async snapshot(): Promise<NewImage> {
    const { videoWidth, videoHeight } = this.video;
    if (!this.stream || videoWidth === 0) throw new CameraError('NoFrame', 'The camera has given no picture yet.', 'Wait for the preview.');
    return imageFromSource(this.video, videoWidth, videoHeight, 'Camera picture', true);
  }

  stop(): void {
    this.attempt += 1;
    if (this.stream) end(this.stream);
    this.stream = undefined;
    this.video.srcObject = null;
  }

  /** The next frame with real pixels; rejects when the camera goes away first. */
  private frame(stream: MediaStream): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.video.videoWidth > 0) resolve();
        else this.video.requestVideoFrameCallback(look);
      };
      this.video.requestVideoFrameCallback(look);
      for (const track of stream.getVideoTracks()) {
        track.addEventListener('ended', () => reject(new DOMException('', 'AbortError')), { once: true });
      }
      stream.addEventListener('removetrack', () => reject(new DOMException('', 'AbortError')), { once: true });
    });
  }

  private readonly ended = (): void => {
    if (!this.stream) return;
    this.stop();
    this.onEnded(new CameraError('Ended', 'The camera was switched off or unplugged.', 'Connect it and try again.'));
  };
}

function end(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
