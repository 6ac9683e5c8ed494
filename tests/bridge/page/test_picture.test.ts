// The drawn test picture shows what its name says.
import { expect, test } from 'vitest';
import { drawTestPicture, imagineScene } from '../../../web/test_picture';

test('a scene has one to three different things that do not touch', () => {
  for (let run = 0; run < 200; run += 1) {
    const things = imagineScene();
    expect(things.length).toBeGreaterThan(0);
    expect(things.length).toBeLessThanOrEqual(3);
    expect(new Set(things.map(({ shape }) => shape)).size).toBe(things.length);
    expect(new Set(things.map(({ colour }) => colour)).size).toBe(things.length);
    for (const [index, one] of things.entries()) {
      for (const other of things.slice(index + 1)) {
        expect(Math.hypot(one.x - other.x, one.y - other.y)).toBeGreaterThan(Math.SQRT1_2 * (one.radius + other.radius));
      }
    }
  }
});

test('what a question asks about is in the scene', () => {
  for (let run = 0; run < 50; run += 1) {
    expect(imagineScene('What color is the heart?').map(({ shape }) => shape)).toContain('heart');
  }
});

test('the picture is a small PNG with its content in its name', async () => {
  const picture = await drawTestPicture('Is there a star?');
  expect(picture).toMatchObject({ mime: 'image/png', width: 512, height: 512 });
  expect(picture.name).toMatch(/^Test picture: .*star/);
});
