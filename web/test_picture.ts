/**
 * A drawn scene of a few coloured shapes, for trying out vision with no picture at hand.
 *
 * Owns the drawing. Shapes and colours are those that the starter model knows.
 */
import type { NewImage } from '../js_bridge/contract.gen';
import { imageFromSource } from '../js_bridge/images';

const SIDE = 512;
const SHAPES = ['circle', 'square', 'triangle', 'star', 'heart', 'cross'] as const;
const COLOURS = {
  red: '#dc2626',
  orange: '#f58216',
  yellow: '#f5d60a',
  green: '#1f9d3a',
  blue: '#2454d6',
  purple: '#8b2fc9',
  black: '#161616',
};
/** Centres of the places that shapes may take, in units of the side; they never touch. */
const PLACES = [
  [0.24, 0.27],
  [0.74, 0.25],
  [0.5, 0.52],
  [0.25, 0.76],
  [0.76, 0.75],
] as const;

export type Shape = (typeof SHAPES)[number];

export interface Thing {
  shape: Shape;
  colour: keyof typeof COLOURS;
  x: number;
  y: number;
  radius: number;
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  const keyed = values.map((value) => ({ value, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ value }) => value);
}

/** One to three things, all of different shape and colour; what a question asks about is among them. */
export function imagineScene(question = '', random: () => number = Math.random): Thing[] {
  const many = 1 + Math.floor(random() * 3);
  const asked = SHAPES.filter((shape) => question.includes(shape));
  const shapes = [...asked, ...shuffled(SHAPES, random).filter((shape) => !asked.includes(shape))];
  const colours = shuffled(Object.keys(COLOURS) as (keyof typeof COLOURS)[], random);
  const places = shuffled(PLACES, random);
  return Array.from({ length: many }, (_, index) => {
    const [x, y] = places[index] ?? PLACES[0];
    return {
      shape: shapes[index] ?? 'circle',
      colour: colours[index] ?? 'red',
      x: (x + (random() - 0.5) * 0.04) * SIDE,
      y: (y + (random() - 0.5) * 0.04) * SIDE,
      radius: (0.12 + random() * 0.04) * SIDE,
    };
  });
}

export function pathOf({ shape, x, y, radius: r }: Thing): Path2D {
  const path = new Path2D();
  const polygon = (corners: readonly (readonly [number, number])[]): void => {
    for (const [dx, dy] of corners) path.lineTo(x + dx * r, y + dy * r);
    path.closePath();
  };
  switch (shape) {
    case 'circle':
      path.arc(x, y, r, 0, 2 * Math.PI);
      break;
    case 'square':
      polygon([[-0.88, -0.88], [0.88, -0.88], [0.88, 0.88], [-0.88, 0.88]]);
      break;
    case 'triangle':
      polygon([[0, -1], [1, 0.86], [-1, 0.86]]);
      break;
    case 'star':
      polygon(
        Array.from({ length: 10 }, (_, corner) => {
          const angle = (corner * Math.PI) / 5 - Math.PI / 2;
          const reach = corner % 2 === 0 ? 1.1 : 0.45;
          return [Math.cos(angle) * reach, Math.sin(angle) * reach] as const;
        }),
      );
      break;
    case 'cross':
      polygon([
        [-0.34, -1], [0.34, -1], [0.34, -0.34], [1, -0.34], [1, 0.34], [0.34, 0.34],
        [0.34, 1], [-0.34, 1], [-0.34, 0.34], [-1, 0.34], [-1, -0.34], [-0.34, -0.34],
      ]);
      break;
    case 'heart':
      path.moveTo(x, y + r);
      path.bezierCurveTo(x - 1.5 * r, y, x - 0.9 * r, y - 1.15 * r, x, y - 0.35 * r);
      path.bezierCurveTo(x + 0.9 * r, y - 1.15 * r, x + 1.5 * r, y, x, y + r);
      path.closePath();
      break;
  }
  return path;
}

export function describe(things: readonly Thing[]): string {
  return things.map(({ colour, shape }) => `${colour} ${shape}`).join(', ');
}

export async function drawTestPicture(question = ''): Promise<NewImage> {
  const things = imagineScene(question);
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('The browser gave no canvas to draw on.');
  context.fillStyle = '#f2f2ef';
  context.fillRect(0, 0, SIDE, SIDE);
  for (const thing of things) {
    context.fillStyle = COLOURS[thing.colour];
    context.fill(pathOf(thing));
  }
  return imageFromSource(canvas, SIDE, SIDE, `Test picture: ${describe(things)}`, false);
}
