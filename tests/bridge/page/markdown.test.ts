// Answers are untrusted: whatever a model writes, nothing runs, nothing loads, nothing leaves.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { blocks, nodes, sanitised } from '../../../web/parts/markdown';
import attacks from './attacks.json';

function placed(fragment: DocumentFragment): HTMLElement {
  const place = document.createElement('div');
  place.append(fragment);
  document.body.append(place);
  return place;
}

const drawn = (markdown: string): HTMLElement => placed(nodes(blocks(markdown, {})));

beforeEach(() => {
  vi.stubGlobal('alert', vi.fn());
});
afterEach(() => {
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

describe('attacks', () => {
  const FORBIDDEN =
    'script, style, iframe, object, embed, link, meta, base, form, img, video, audio, source, picture, svg, math, template, input, textarea, button, portal, frame';

  test.each([...attacks.map((attack) => ['Markdown', attack]), ...attacks.map((attack) => ['HTML', attack])])('as %s: %j', (kind, attack) => {
    const place = kind === 'HTML' ? placed(sanitised(attack)) : drawn(attack);
    expect(place.querySelectorAll(FORBIDDEN)).toHaveLength(0);
    for (const element of place.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) {
        expect(name).not.toMatch(/^on|^style$|^src|^srcset$|^id$|^name$|^formaction$|^xlink/i);
        if (name === 'href') expect(value).toMatch(/^(?:https?:|mailto:)/i);
      }
    }
    for (const link of place.querySelectorAll('a[href]')) {
      expect(link.getAttribute('rel')).toContain('noopener');
      expect(link.getAttribute('target')).toBe('_blank');
    }
    place.querySelectorAll<HTMLElement>('*').forEach((element) => element.dispatchEvent(new MouseEvent('mouseover')));
    expect(alert).not.toHaveBeenCalled();
  });

  test('no request is made for anything an answer names', () => {
    const before = performance.getEntriesByType('resource').length;
    drawn('![a](https://example.org/a.png) <img src="https://example.org/b.png"> [c]: https://example.org/c.png\n\n![d][c]');
    expect(performance.getEntriesByType('resource')).toHaveLength(before);
  });
});

describe('what is drawn', () => {
  test('a foreign picture is a link that says so', () => {
    const link = drawn('![a cat](https://example.org/cat.png)').querySelector('a');
    expect(link?.textContent).toBe('a cat (picture, not loaded)');
    expect(link?.getAttribute('href')).toBe('https://example.org/cat.png');
  });

  test('raw HTML is text, apart from plain elements', () => {
    const place = drawn('H<sub>2</sub>O and <div onclick="x()">a box</div>');
    expect(place.querySelector('sub')?.textContent).toBe('2');
    expect(place.textContent).toContain('<div onclick="x()">a box</div>');
  });

  test('tables keep their alignment and can be scrolled to by keyboard', () => {
    const place = drawn('| a | b |\n|---|--:|\n| 1 | 2 |');
    expect(place.querySelector('td:last-child')?.getAttribute('align')).toBe('right');
    expect(place.querySelector('table')?.parentElement?.tabIndex).toBe(0);
  });

  test('tasks are signs, not fields', () => {
    expect(drawn('- [x] done\n- [ ] open').textContent).toMatch(/☑\s+done\s+☐\s+open/);
  });

  test('addresses inside the app are no links', () => {
    expect(drawn('[x](#/settings) [y](/sw.js) [z](javascript:alert(1))').querySelectorAll('a[href]')).toHaveLength(0);
  });
});
