/** Sources of frames, through Chromium's fake devices: real frames, and every way in which one ends or changes. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cameras, cameraSource, imagesSource, screenSource, videoSource, type FrameSource } from '../../../js_bridge/frame_source';
import { circle } from '../engine_workers';

let streams: MediaStream[];
let source: FrameSource;
let said: string[];
const stop = new AbortController().signal;

beforeEach(() => {
  streams = [];
  said = [];
  const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  vi.spyOn(navigator.mediaDevices, 'getUserMedia').mockImplementation(async (wanted) => {
    const stream = await getUserMedia(wanted);
    streams.push(stream);
    return stream;
  });
});
afterEach(() => {
  source.stop();
  source.element.remove();
  vi.restoreAllMocks();
});

function use(it: FrameSource): FrameSource {
  source = it;
  it.onEnded = ({ message }) => said.push(message);
  it.onChange = (sentence) => said.push(sentence);
  document.body.append(it.element);
  return it;
}
const tracks = (): MediaStreamTrack[] => streams.flatMap((stream) => stream.getVideoTracks());

describe('a camera', () => {
  test('is there with its first real frame, and gives the next ones', async () => {
    const it = use(cameraSource({ facing: 'environment', width: 640, height: 480 }));
    await it.start();
    expect([it.width, it.height]).toEqual([640, 480]);
    expect(await it.next(stop)).toBeGreaterThan(0);
    expect((await cameras()).length).toBeGreaterThan(0);
    it.stop();
    expect(tracks().map(({ readyState }) => readyState)).toEqual(['ended']);
  });

  test('that is chosen from the list is the one that is asked for', async () => {
    await use(cameraSource({})).start();
    const [first] = await cameras();
    await use(cameraSource({ deviceId: first?.id ?? '' })).start();
    expect(tracks().at(-1)?.getSettings().deviceId).toBe(first?.id);
  });

  test('that goes away, is covered or turned is told in a sentence', async () => {
    const it = use(cameraSource({}));
    await it.start();
    const [track] = tracks();
    track?.dispatchEvent(new Event('mute'));
    track?.dispatchEvent(new Event('unmute'));
    it.element.dispatchEvent(new Event('resize'));
    track?.dispatchEvent(new Event('ended'));
    expect(said).toEqual([
      'The camera gives no picture at the moment.',
      '',
      `The picture has ${it.width || 640} × ${it.height || 480} pixels now.`,
      'The camera was switched off or unplugged.',
    ]);
    expect(track?.readyState).toBe('ended');
  });

  test('that is refused says why', async () => {
    vi.spyOn(navigator.mediaDevices, 'getUserMedia').mockRejectedValue(new DOMException('no', 'NotAllowedError'));
    await expect(use(cameraSource({})).start()).rejects.toMatchObject({
      code: 'NotAllowedError',
      message: expect.stringContaining('does not allow the camera'),
    });
  });

  test('that is stopped while it starts leaves nothing running', async () => {
    const it = use(cameraSource({}));
    const start = it.start();
    it.stop();
    await expect(start).rejects.toMatchObject({ code: 'Stopped' });
    expect(tracks().filter(({ readyState }) => readyState === 'live')).toHaveLength(0);
  });

  test('goes on, once a second, while the page is hidden', async () => {
    const it = use(cameraSource({}));
    await it.start();
    const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    vi.spyOn(it.element as HTMLVideoElement, 'requestVideoFrameCallback').mockReturnValue(0);
    const next = it.next(stop);
    document.dispatchEvent(new Event('visibilitychange'));
    expect(await next).toBe(1);
    expect(said.at(-1)).toContain('This page is hidden');
    hidden.mockReturnValue(false);
    document.dispatchEvent(new Event('visibilitychange'));
    expect(said.at(-1)).toBe('');
  });
});

describe('a screen', () => {
  test('that nobody chose says so', async () => {
    vi.spyOn(navigator.mediaDevices, 'getDisplayMedia').mockRejectedValue(new DOMException('no', 'NotAllowedError'));
    await expect(use(screenSource()).start()).rejects.toMatchObject({ message: 'No screen or window was shared.' });
  });

  test('that is no longer shared is told', async () => {
    const shared = await navigator.mediaDevices.getUserMedia({ video: true });
    vi.spyOn(navigator.mediaDevices, 'getDisplayMedia').mockResolvedValue(shared);
    const it = use(screenSource());
    await it.start();
    shared.getVideoTracks()[0]?.dispatchEvent(new Event('ended'));
    expect(said).toEqual(['The screen is no longer shared.']);
  });
});

describe('a film', () => {
  test('plays to its end', async () => {
    const canvas = document.createElement('canvas');
    const brush = canvas.getContext('2d') as CanvasRenderingContext2D;
    const recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: 'video/webm' });
    const pieces: Blob[] = [];
    recorder.ondataavailable = ({ data }) => pieces.push(data);
    const recorded = new Promise((resolve) => (recorder.onstop = resolve));
    recorder.start();
    for (let i = 0; i < 10; i++) {
      brush.fillStyle = i % 2 ? 'red' : 'blue';
      brush.fillRect(0, 0, 300, 150);
      await new Promise(requestAnimationFrame);
    }
    recorder.stop();
    await recorded;
    const it = use(videoSource(new File(pieces, 'film.webm')));
    const over = new Promise<string>((resolve) => (it.onEnded = ({ message }) => resolve(message)));
    await it.start();
    expect(it.width).toBe(300);
    expect(await over).toBe('The video is over.');
  });

  test('that is none says so', async () => {
    await expect(use(videoSource(new File(['text'], 'letter.mp4'))).start()).rejects.toMatchObject({
      message: expect.stringContaining('letter.mp4'),
    });
  });
});

describe('a series of pictures', () => {
  test('shows each when it is asked for, passes over what is none, and is over after the last', async () => {
    const picture = async (colour: string, width: number) => new File([(await circle(colour, width)).slice()], `${colour}.png`);
    const it = use(imagesSource([await picture('red', 100), new File(['text'], 'letter.txt'), await picture('blue', 200)]));
    await it.start();
    await it.next(stop);
    expect([it.width, it.label]).toEqual([100, 'red.png']);
    await it.next(stop);
    expect([it.width, it.label]).toEqual([200, 'blue.png']);
    expect(said).toEqual([expect.stringContaining('letter.txt')]);
    const over = new Promise<string>((resolve) => (it.onEnded = ({ message }) => resolve(message)));
    void it.next(stop).catch(() => undefined);
    expect(await over).toBe('All 3 pictures were looked at.');
  });

  test('needs at least one', async () => {
    await expect(use(imagesSource([])).start()).rejects.toMatchObject({ code: 'Empty' });
  });
});
