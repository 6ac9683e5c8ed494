// The camera through Chromium's fake device: a real frame before anything is shown, and never a camera left running.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Camera, CameraError } from '../../../js_bridge/camera';

let video: HTMLVideoElement;
let camera: Camera;
let ended: CameraError[];
let streams: MediaStream[];

beforeEach(() => {
  video = document.createElement('video');
  document.body.append(video);
  ended = [];
  streams = [];
  camera = new Camera(video, (error) => ended.push(error));
  const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  vi.spyOn(navigator.mediaDevices, 'getUserMedia').mockImplementation(async (wanted) => {
    const stream = await getUserMedia(wanted);
    streams.push(stream);
    return stream;
  });
});
afterEach(() => {
  camera.stop();
  video.remove();
  vi.restoreAllMocks();
});

const running = (): number => streams.flatMap((stream) => stream.getTracks()).filter(({ readyState }) => readyState === 'live').length;

test('starting waits for a frame with pixels, and a snapshot shows it', async () => {
  expect(await camera.start()).toBe(true);
  expect(video.videoWidth).toBeGreaterThan(0);
  const picture = await camera.snapshot();
  expect(picture.mime).toBe('image/jpeg');
  expect(picture.width).toBeGreaterThan(100);
  const bitmap = await createImageBitmap(new Blob([new Uint8Array(picture.bytes)]));
  expect([bitmap.width, bitmap.height]).toEqual([picture.width, picture.height]);
});

test('stopping ends every track', async () => {
  await camera.start();
  expect(running()).toBe(1);
  camera.stop();
  expect(running()).toBe(0);
  expect(video.srcObject).toBeNull();
});

test('a stop while starting wins, and nothing runs on', async () => {
  const start = camera.start();
  camera.stop();
  expect(await start).toBe(false);
  expect(running()).toBe(0);
});

test('the other side is asked for, and only one camera runs', async () => {
  await camera.start('environment');
  await camera.switchSide();
  expect(camera.facing).toBe('user');
  expect(running()).toBe(1);
});

test('no snapshot without a frame', async () => {
  await expect(camera.snapshot()).rejects.toMatchObject({ code: 'NoFrame' });
});

test('a camera that goes away by itself is told', async () => {
  await camera.start();
  streams[0]?.getVideoTracks()[0]?.dispatchEvent(new Event('ended'));
  expect(ended.map(({ code }) => code)).toEqual(['Ended']);
  expect(running()).toBe(0);
});

describe('reasons', () => {
  test.each([
    ['NotAllowedError', 'does not allow the camera'],
    ['NotFoundError', 'No camera was found'],
    ['NotReadableError', 'in use by another program'],
    ['StrangeError', 'The camera failed: odd'],
  ])('%s is a sentence with what to do', async (name, sentence) => {
    vi.spyOn(navigator.mediaDevices, 'getUserMedia').mockRejectedValue(new DOMException('odd', name));
    const error = await camera.start().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CameraError);
    expect((error as CameraError).message).toContain(sentence);
    expect((error as CameraError).action).not.toBe('');
  });
});
