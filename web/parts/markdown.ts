/**
 * Markdown of a model, as safe DOM nodes. Owns parsing (marked) and sanitising (DOMPurify); answers are untrusted.
 *
 * Nothing that comes out loads anything by itself: pictures become links with their address in view, links open in a
 * new tab without an opener, raw HTML is shown as text but for a handful of plain elements, and no attribute can carry
 * script or style. Does not decide when to render: see markdown_stream.ts.
 */
import DOMPurify, { type Config } from 'dompurify';
import { Lexer, Marked, Parser, type MarkedOptions, type Token, type Tokens } from 'marked';

const POLICY: Config = {
  ALLOWED_TAGS: [
    'a', 'b', 'blockquote', 'br', 'code', 'dd', 'del', 'details', 'dl', 'dt', 'em', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6',
    'hr', 'i', 'input', 'ins', 'kbd', 'li', 'mark', 'ol', 'p', 'pre', 's', 'span', 'strong', 'sub', 'summary', 'sup',
    'table', 'tbody', 'td', 'th', 'thead', 'tr', 'u', 'ul',
  ],
  ALLOWED_ATTR: ['align', 'checked', 'class', 'colspan', 'disabled', 'href', 'open', 'rowspan', 'start', 'title', 'type'],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:)/i,
  ADD_URI_SAFE_ATTR: ['align', 'checked', 'colspan', 'disabled', 'open', 'rowspan', 'start', 'type'],
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};

const CLASSES = /^(?:hljs[\w-]*|language-[\w+#-]+|not-loaded|table|task|ascii|function_|class_|inherited__)$/;

const escape = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** The elements of raw HTML that are drawn, without any attribute; every other tag is shown as the text it is. */
const PLAIN_TAG = /<(\/?(?:b|br|del|details|em|hr|i|ins|kbd|mark|s|strong|sub|summary|sup|u)) *\/?>|[^<]+|</gi;

const harmless = (html: string): string =>
  html.replace(PLAIN_TAG, (piece, tag: string | undefined) => (tag ? `<${tag}>` : escape(piece)));

const engine = new Marked({
  gfm: true,
  async: false,
  renderer: {
    html({ text }: Tokens.HTML | Tokens.Tag): string {
      return harmless(text);
    },
    image({ href, text }: Tokens.Image): string {
      const label = `${escape(text) || 'picture'} (picture, not loaded)`;
      return `<a class="not-loaded" href="${escape(href)}" title="${escape(href)}">${label}</a>`;
    },
  },
});
const OPTIONS: MarkedOptions = engine.defaults;

/** Definitions of reference links, which may stand anywhere in a text. */
export type Links = Record<string, Pick<Tokens.Link | Tokens.Image, 'href' | 'title'>>;

/** Splits Markdown into its top-level blocks; `links` is read and filled. */
export function blocks(markdown: string, links: Links): Token[] {
  const lexer = new Lexer(OPTIONS);
  Object.assign(lexer.tokens.links, links);
  const tokens = lexer.lex(markdown);
  Object.assign(links, tokens.links);
  return [...tokens];
}

/** Blocks as nodes that are safe to insert. */
export function nodes(tokens: Token[]): DocumentFragment {
  return sanitised(new Parser(OPTIONS).parse(tokens));
}

/** HTML as nodes that are safe to insert. */
export function sanitised(html: string): DocumentFragment {
  const fragment = DOMPurify.sanitize(html, POLICY) as unknown as DocumentFragment;
  for (const link of fragment.querySelectorAll('a[href]')) {
    link.setAttribute('target', '_blank');
    link.setAttribute('rel', 'noopener noreferrer');
  }
  for (const input of fragment.querySelectorAll('input')) {
    const box = document.createElement('span');
    box.textContent = input.type === 'checkbox' ? (input.checked ? '☑' : '☐') : '';
    box.className = 'task';
    input.replaceWith(box);
  }
  for (const table of fragment.querySelectorAll('table')) {
    const frame = document.createElement('div');
    frame.className = 'table';
    frame.tabIndex = 0;
    frame.setAttribute('role', 'region');
    frame.setAttribute('aria-label', 'Table');
    table.replaceWith(frame);
    frame.append(table);
  }
  for (const element of fragment.querySelectorAll('[class]')) {
    const kept = [...element.classList].filter((name) => CLASSES.test(name));
    if (kept.length > 0) element.className = kept.join(' ');
    else element.removeAttribute('class');
  }
  return fragment;
}
