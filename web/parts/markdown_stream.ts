/**
 * A growing Markdown text drawn into an element, block by block.
 *
 * Finished blocks are parsed and inserted once; only the last block, which may still change, is drawn again when text
 * arrives. So a token costs the same at the end of a long answer as at its beginning. Owns the nodes inside its element;
 * does not decide how often to draw: see markdown_view.tsx.
 */
import type { Token, Tokens } from 'marked';
import { CodeBlock } from './code';
import { blocks, nodes, type Links } from './markdown';

/** A single block beyond this is no prose; it is shown as it is, because drawing it would block the page. */
const PLAIN_BEYOND = 20_000;

const isCode = (token: Token | undefined): token is Tokens.Code => token?.type === 'code';

export class MarkdownStream {
  /** The part of the text whose blocks are final. */
  private settled = '';
  private links: Links = {};
  /** What draws the last block: nodes to be replaced, or a code block that grows. */
  private tail: ChildNode[] = [];
  private openCode: CodeBlock | undefined;

  constructor(private readonly root: Element) {}

  /** Draws `text`, which usually begins with what was drawn before; `done` says that nothing will follow. */
  update(text: string, done: boolean): void {
    const source = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
    if (!source.startsWith(this.settled)) this.clear();
    const tokens = blocks(source.slice(this.settled.length), this.links);
    const open = done ? tokens.length : tokens.findLastIndex(({ type }) => type !== 'space');
    for (const token of tokens.slice(0, Math.max(open, 0))) this.settle(token);
    const last = tokens[open];
    if (isCode(last)) this.growCode(last);
    else this.drawTail(drawn(last));
  }

  private settle(token: Token): void {
    this.settled += token.raw;
    if (isCode(token)) {
      this.growCode(token).finish(token.text);
      this.openCode = undefined;
    } else if (token.type !== 'space') {
      this.drawTail(drawn(token));
    }
    if (token.type !== 'space') this.tail = [];
  }

  private growCode(token: Tokens.Code): CodeBlock {
    const info = token.lang ?? '';
    if (this.openCode?.info === info) {
      this.openCode.grow(token.text);
      return this.openCode;
    }
    const block = new CodeBlock(info);
    block.grow(token.text);
    this.drawTail([block.element]);
    this.openCode = block;
    return block;
  }

  private drawTail(fresh: ChildNode[]): void {
    this.openCode = undefined;
    for (const node of this.tail) node.remove();
    this.tail = fresh;
    this.root.append(...fresh);
  }

  private clear(): void {
    this.settled = '';
    this.links = {};
    this.tail = [];
    this.openCode = undefined;
    this.root.replaceChildren();
  }
}

function drawn(token: Token | undefined): ChildNode[] {
  if (!token) return [];
  if (token.raw.length <= PLAIN_BEYOND) return [...nodes([token]).childNodes];
  const element = document.createElement('p');
  element.className = 'plain';
  element.textContent = token.raw;
  return [element];
}
