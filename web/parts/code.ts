/**
 * Code blocks of an answer: highlighted once they are complete, with a Copy button.
 *
 * Owns the languages that are known and how a block is drawn. While a block is still being written it is plain text
 * that grows, because highlighting it again for every token would cost more than it shows.
 */
import hljs from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import c from 'highlight.js/lib/languages/c';
import cpp from 'highlight.js/lib/languages/cpp';
import css from 'highlight.js/lib/languages/css';
import diff from 'highlight.js/lib/languages/diff';
import go from 'highlight.js/lib/languages/go';
import java from 'highlight.js/lib/languages/java';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import markdown from 'highlight.js/lib/languages/markdown';
import python from 'highlight.js/lib/languages/python';
import rust from 'highlight.js/lib/languages/rust';
import sql from 'highlight.js/lib/languages/sql';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import yaml from 'highlight.js/lib/languages/yaml';
import { sanitised } from './markdown';

const LANGUAGES = {
  bash, c, cpp, css, diff, go, java, javascript, json, markdown, python, rust, sql, typescript, xml, yaml,
};
for (const [name, language] of Object.entries(LANGUAGES)) hljs.registerLanguage(name, language);

/** Longer blocks stay plain, so that no block takes longer than a frame or two. */
const HIGHLIGHT_UP_TO = 20_000;
const COPIED_FOR_MS = 2000;

/** A code block on screen. */
export class CodeBlock {
  readonly element = document.createElement('figure');
  private readonly code = document.createElement('code');
  private readonly text = document.createTextNode('');
  private readonly language: string;

  /** `info` is what follows the opening fence; its first word names the language. */
  constructor(readonly info: string) {
    this.language = info.trim().split(/\s+/)[0]?.toLowerCase() ?? '';
    const head = document.createElement('figcaption');
    const label = document.createElement('span');
    label.textContent = this.language || 'text';
    head.append(label, this.copyButton());
    const frame = document.createElement('pre');
    frame.tabIndex = 0;
    this.code.append(this.text);
    frame.append(this.code);
    this.element.className = 'code';
    this.element.append(head, frame);
  }

  /** Shows more of a block that is being written. */
  grow(source: string): void {
    const { data } = this.text;
    if (source.startsWith(data)) this.text.appendData(source.slice(data.length));
    else this.text.data = source;
  }

  /** The block is complete. */
  finish(source: string): void {
    this.grow(source);
    if (!hljs.getLanguage(this.language) || source.length > HIGHLIGHT_UP_TO) return;
    const { value } = hljs.highlight(source, { language: this.language, ignoreIllegals: true });
    this.code.replaceChildren(sanitised(value));
  }

  private copyButton(): HTMLButtonElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'copy';
    button.textContent = 'Copy';
    button.setAttribute('aria-label', 'Copy code');
    button.addEventListener('click', () => {
      navigator.clipboard.writeText(this.code.textContent ?? '').then(
        () => said(button, 'Copied'),
        () => said(button, 'Not allowed'),
      );
    });
    return button;
  }
}

function said(button: HTMLButtonElement, word: string): void {
  button.textContent = word;
  setTimeout(() => (button.textContent = 'Copy'), COPIED_FOR_MS);
}
