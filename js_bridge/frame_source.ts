/**
 * Moving pictures, wherever they come from: a camera, a shared screen or window, a video file, a series of pictures.
 *
 * Owns the element that plays them, waiting for frames with real pixels, and every way a source ends or changes, as a
 * sentence. Looks at no pixels and decides nothing: who wants a frame asks for the next one and draws the element.
 */
import { CameraError, cameraError, openCamera, type CameraChoice } from './camera';
import { decodedFile } from './images';

export type SourceKind = 'camera' | 'screen' | 'video' | 'images';

export interface FrameSource {
  readonly kind: SourceKind;
  /** For people. */
  readonly label: string;
  /** The preview, and what may be drawn from. */
  readonly element: HTMLVideoElement | HTMLCanvasElement;
  /** Of the newest frame in pixels; 0 before the first. */
  readonly width: number;
  readonly height: number;
  /** Told when the source ends by itself: unplugged, no longer shared, over. */
  onEnded: (reason: CameraError) => void;
  /** Told what changed meanwhile: turned, covered, hidden. */
  onChange: (sentence: string) => void;
  /** Resolves when a real frame is there. Throws CameraError; a stop meanwhile throws its code "Stopped". */
  start(): Promise<void>;
  /** Resolves at the next new frame with how many frames went by since the last; once a second in a hidden page. */
  next(signal: AbortSignal): Promise<number>;
  stop(): void;
}

export const cameraSource = (choice: CameraChoice): FrameSource =>
  new VideoSource('camera', 'Camera', 'The camera was switched off or unplugged.', () => openCamera(choice));

export const screenSource = (): FrameSource =>
  new VideoSource('screen', 'Screen', 'The screen is no longer shared.', async () => {
    if (!navigator.mediaDevices?.getDisplayMedia) {
      throw new CameraError('NotSupported', 'This browser cannot share a screen.', 'Choose another source.');
    }
    try {
      return await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 10 } }, audio: false });
    } catch (thrown) {
      if ((thrown as Error).name !== 'NotAllowedError') throw thrown;
      throw new CameraError('NotAllowedError', 'No screen or window was shared.', 'Press Start and choose one.');
    }
  });

export const videoSource = (file: File): FrameSource =>
  new VideoSource('video', file.name, 'The video is over.', async () => file);

export const imagesSource = (files: readonly File[]): FrameSource => new ImagesSource(files);

/** The cameras that are there. Names are known once a person has allowed one. */
export async function cameras(): Promise<{ id: string; name: string }[]> {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices
    .filter(({ kind, deviceId }) => kind === 'videoinput' && deviceId !== '')
    .map(({ deviceId, label }, index) => ({ id: deviceId, name: label || `Camera ${index + 1}` }));
}

const HIDDEN_MS = 1000;

class VideoSource implements FrameSource {
  readonly element = document.createElement('video');
  onEnded: FrameSource['onEnded'] = () => undefined;
  onChange: FrameSource['onChange'] = () => undefined;
  private stream: MediaStream | undefined;
  private address = '';
  private presented = 0;
  private running = new AbortController();

  constructor(
    readonly kind: SourceKind,
    readonly label: string,
    private readonly over: string,
    private readonly open: () => Promise<MediaStream | File>,
  ) {
    this.element.muted = true;
    this.element.playsInline = true;
  }

  get width(): number {
    return this.element.videoWidth;
  }

  get height(): number {
    return this.element.videoHeight;
  }

  async start(): Promise<void> {
    this.stop();
    const running = (this.running = new AbortController());
    const { signal } = running;
    try {
      const opened = await this.open();
      if (signal.aborted) {
        if (opened instanceof MediaStream) end(opened);
        throw stopped();
      }
      if (opened instanceof MediaStream) this.play(opened, signal);
      else this.element.src = this.address = URL.createObjectURL(opened);
      this.element.addEventListener('ended', () => this.end(), { signal });
      const broken = new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(stopped()));
        this.element.addEventListener('error', () => reject(unplayable(this.label)), { signal });
      });
      broken.catch(() => undefined);
      await Promise.race([this.element.play(), broken]);
      await Promise.race([this.next(signal), broken]);
    } catch (thrown) {
      const mine = this.running === running;
      if (mine) this.stop();
      throw signal.aborted && !mine ? stopped() : cameraError(thrown);
    }
    this.watch(signal);
  }

  next(signal: AbortSignal): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const over = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let handle = 0;
    const frame = (_now?: number, metadata?: VideoFrameCallbackMetadata): void => {
      if (this.width === 0) return listen();
      const passed = metadata ? metadata.presentedFrames - this.presented : 1;
      if (metadata) this.presented = metadata.presentedFrames;
      resolve(Math.max(1, passed));
    };
    const listen = (): void => {
      handle = this.element.requestVideoFrameCallback(frame);
      clearTimeout(timer);
      // A hidden page draws nothing, so no frame is announced there.
      if (document.hidden) timer = setTimeout(() => frame(), HIDDEN_MS);
    };
    document.addEventListener('visibilitychange', () => {
      this.element.cancelVideoFrameCallback(handle);
      listen();
    }, { signal: over.signal });
    signal.addEventListener('abort', () => reject(stopped()), { signal: over.signal });
    if (signal.aborted) reject(stopped());
    else listen();
    return promise.finally(() => {
      over.abort();
      clearTimeout(timer);
      this.element.cancelVideoFrameCallback(handle);
    });
  }

  stop(): void {
    this.running.abort();
    if (this.stream) end(this.stream);
    this.stream = undefined;
    this.element.pause();
    this.element.srcObject = null;
    this.element.removeAttribute('src');
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = '';
    this.presented = 0;
  }

  private play(stream: MediaStream, signal: AbortSignal): void {
    this.stream = stream;
    this.element.srcObject = stream;
    for (const track of stream.getVideoTracks()) {
      track.addEventListener('ended', () => this.end(), { signal });
      track.addEventListener('mute', () => this.onChange(`The ${this.kind} gives no picture at the moment.`), { signal });
      track.addEventListener('unmute', () => this.onChange(''), { signal });
    }
    stream.addEventListener('removetrack', () => this.end(), { signal });
  }

  /** What people should know while it runs. */
  private watch(signal: AbortSignal): void {
    this.element.addEventListener('resize', () => {
      if (this.width > 0) this.onChange(`The picture has ${this.width} × ${this.height} pixels now.`);
    }, { signal });
    document.addEventListener('visibilitychange', () => {
      this.onChange(document.hidden ? 'This page is hidden: it looks once a second until it is shown again.' : '');
    }, { signal });
  }

  private end(): void {
    const action = this.kind === 'camera' ? 'Connect it and start again.' : this.kind === 'screen' ? 'Start again to share it.' : '';
    if (this.running.signal.aborted) return;
    this.stop();
    this.onEnded(new CameraError('Ended', this.over, action));
  }
}

/** Pictures one after another: the next one comes when it is asked for, so none is missed. */
class ImagesSource implements FrameSource {
  readonly kind = 'images';
  readonly element = document.createElement('canvas');
  onEnded: FrameSource['onEnded'] = () => undefined;
  onChange: FrameSource['onChange'] = () => undefined;
  private at = 0;
  private running = new AbortController();

  constructor(private readonly files: readonly File[]) {
    this.element.width = this.element.height = 0;
  }

  get label(): string {
    return this.files[this.at - 1]?.name ?? `${this.files.length} pictures`;
  }

  get width(): number {
    return this.element.width;
  }

  get height(): number {
    return this.element.height;
  }

  async start(): Promise<void> {
    this.stop();
    this.running = new AbortController();
    this.at = 0;
    if (this.files.length === 0) throw new CameraError('Empty', 'No pictures were chosen.', 'Choose some first.');
  }

  async next(signal: AbortSignal): Promise<number> {
    const file = this.files[this.at];
    if (!file) {
      const count = this.files.length;
      queueMicrotask(() => this.onEnded(new CameraError('Ended', count === 1 ? 'The picture was looked at.' : `All ${count} pictures were looked at.`, '')));
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(stopped())));
    }
    this.at += 1;
    try {
      const bitmap = await decodedFile(file);
      if (signal.aborted || this.running.signal.aborted) throw stopped();
      this.element.width = bitmap.width;
      this.element.height = bitmap.height;
      this.element.getContext('2d')?.drawImage(bitmap, 0, 0);
      bitmap.close();
      return 1;
    } catch (thrown) {
      if (thrown instanceof CameraError) throw thrown;
      this.onChange((thrown as Error).message);
      return this.next(signal);
    }
  }

  stop(): void {
    this.running.abort();
  }
}

function stopped(): CameraError {
  return new CameraError('Stopped', 'Stopped on request.', '');
}

function unplayable(name: string): CameraError {
  return new CameraError('Unplayable', `This browser cannot play “${name}”.`, 'Choose an MP4 or WebM video.');
}

function end(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
