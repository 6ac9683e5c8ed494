// A growing answer looks the same as the finished one, and drawing it touches only what may still change.
import { beforeEach, describe, expect, test } from 'vitest';
import { MarkdownStream } from '../../../web/parts/markdown_stream';

const ANSWER = `# Title

A paragraph with **strong** words, \`code\` and a [reference][1].

1. one
2. two

   still two

| a | b |
|---|---|
| 1 | 2 |

\`\`\`python
def f():

    return 1
\`\`\`

> quote

Last words.

[1]: https://example.org/
`;

let root: HTMLElement;
let stream: MarkdownStream;
beforeEach(() => {
  root = document.createElement('div');
  stream = new MarkdownStream(root);
});

function whole(text: string): string {
  const place = document.createElement('div');
  new MarkdownStream(place).update(text, true);
  return place.innerHTML;
}

describe('a growing text', () => {
  const withoutReferences = ANSWER.replaceAll('[reference][1]', 'reference');

  test.each([1, 7, 40])('%i characters at a time, it ends as if drawn at once', (step) => {
    for (let end = step; end < withoutReferences.length; end += step) stream.update(withoutReferences.slice(0, end), false);
    stream.update(withoutReferences, true);
    expect(root.innerHTML).toBe(whole(withoutReferences));
  });

  test('a reference that is defined earlier is known to later blocks', () => {
    stream.update('[1]: https://example.org/\n\nfirst\n\n', false);
    stream.update('[1]: https://example.org/\n\nfirst\n\nsee [this][1]', true);
    expect(root.querySelector('a')?.href).toBe('https://example.org/');
  });

  test('finished blocks keep their nodes', () => {
    stream.update('first\n\nsecond', false);
    const [first, second] = root.children;
    stream.update('first\n\nsecond and more\n\nthird', false);
    expect(root.children[0]).toBe(first);
    expect(root.children[1]).not.toBe(second);
    expect([...root.children].map(({ textContent }) => textContent)).toEqual(['first', 'second and more', 'third']);
  });

  test('an open code block grows in place and is highlighted when it is closed', () => {
    stream.update('```python\nreturn', false);
    const block = root.querySelector('figure');
    expect(root.querySelector('.hljs-keyword')).toBeNull();
    stream.update('```python\nreturn 1\n```\n', false);
    stream.update('```python\nreturn 1\n```\n\nDone.', true);
    expect(root.querySelector('figure')).toBe(block);
    expect(root.querySelector('.hljs-keyword')?.textContent).toBe('return');
    expect(root.querySelector('pre')?.textContent).toBe('return 1');
  });

  test('a text that was replaced is drawn anew', () => {
    stream.update('one\n\ntwo\n\nthree', false);
    stream.update('other', true);
    expect(root.textContent?.trim()).toBe('other');
  });

  test('line ends of Windows change nothing', () => {
    for (let end = 1; end <= withoutReferences.length; end += 13) {
      stream.update(withoutReferences.slice(0, end).replaceAll('\n', '\r\n'), false);
    }
    stream.update(withoutReferences.replaceAll('\n', '\r\n'), true);
    expect(root.innerHTML).toBe(whole(withoutReferences));
  });
});

test('a code block without a known language stays plain text', () => {
  stream.update('```brainfuck\n<b>+++</b>\n```', true);
  expect(root.querySelector('pre')?.textContent).toBe('<b>+++</b>');
  expect(root.querySelector('figcaption')?.textContent).toContain('brainfuck');
});

test('a block too long to be prose is shown as it is', () => {
  const long = 'word *and* '.repeat(3000);
  stream.update(long, true);
  expect(root.querySelector('.plain')?.textContent).toBe(long);
});
