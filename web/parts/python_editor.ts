/**
 * The editor of the Python view: CodeMirror with Python's grammar, completion from the live namespace, and a few keys.
 *
 * Owns how CodeMirror is set up. It lives in a shadow root: there its styles are constructed style sheets, which the
 * page's content security policy allows, while a <style> element would be refused. Loaded only when the view is opened.
 */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type CompletionContext } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { python } from '@codemirror/lang-python';
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { CompletionOption, Completions } from '../../js_bridge/contract.gen';

interface EditorOptions {
  label: string;
  text: string;
  run(): void;
  changed(text: string): void;
  complete(before: string, signal: AbortSignal): Promise<Completions>;
}

const ICONS = { property: 'property', variable: 'variable', module: 'namespace' } as const;
const iconOf = (kind: CompletionOption['kind']): string => (kind in ICONS ? ICONS[kind as keyof typeof ICONS] : kind);

const colours = HighlightStyle.define([
  { tag: tags.comment, color: 'var(--code-comment)', fontStyle: 'italic' },
  { tag: [tags.keyword, tags.operatorKeyword, tags.self], color: 'var(--code-keyword)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--code-string)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--code-number)' },
  { tag: [tags.function(tags.variableName), tags.definition(tags.variableName), tags.className], color: 'var(--code-title)' },
  { tag: [tags.meta, tags.propertyName], color: 'var(--code-attribute)' },
]);

const look = EditorView.theme({
  '&': { backgroundColor: 'var(--surface)', color: 'var(--text)', fontSize: 'var(--text-small)', height: '100%' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: 'var(--leading)', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--text)', padding: 'var(--space-2) 0' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'var(--sunken)', border: '0', color: 'var(--text-muted)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--accent-soft)',
  },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--highlight)', color: 'var(--on-highlight)' },
  '.cm-tooltip': { backgroundColor: 'var(--raised)', border: 'var(--line) solid var(--line-colour)', color: 'var(--text)' },
  '.cm-tooltip-autocomplete > ul > li': { padding: 'var(--space-1) var(--space-2)' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--accent-soft)', color: 'var(--on-accent-soft)' },
  '.cm-completionDetail': { color: 'var(--text-muted)', fontStyle: 'normal' },
});

export class PythonEditor {
  private readonly view: EditorView;

  constructor(host: HTMLElement, options: EditorOptions) {
    const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
    const runKey = { key: 'Mod-Enter', preventDefault: true, run: () => (options.run(), true) };
    const source = async (context: CompletionContext) => {
      const before = context.state.sliceDoc(0, context.pos);
      if (!context.explicit && !/[\w.]$/.test(before)) return null;
      const stop = new AbortController();
      context.addEventListener('abort', () => stop.abort());
      const found = await options.complete(before, stop.signal).catch(() => null);
      if (!found || found.options.length === 0) return null;
      const proposed = found.options.map(({ label, kind, detail }) => ({ label, detail, type: iconOf(kind) }));
      return { from: context.pos - found.length, options: proposed, validFor: /^\w*$/ };
    };
    this.view = new EditorView({
      parent: root,
      root,
      state: EditorState.create({
        doc: options.text,
        extensions: [
          keymap.of([runKey]),
          lineNumbers(),
          history(),
          drawSelection(),
          indentUnit.of('    '),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ override: [source] }),
          python(),
          syntaxHighlighting(colours),
          look,
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': options.label }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) options.changed(update.state.doc.toString());
          }),
          keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, indentWithTab, ...defaultKeymap]),
        ],
      }),
    });
    host.addEventListener('keydown', keepToItself);
  }

  get text(): string {
    return this.view.state.doc.toString();
  }

  /** Puts another text in its place; undo brings the one before back. */
  replace(text: string): void {
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text }, selection: { anchor: 0 }, scrollIntoView: true });
  }

  focus(): void {
    this.view.focus();
  }

  end(): void {
    this.view.destroy();
  }
}

/** What is typed here is text, not one of the page's keys; those with Control or Command pass. */
function keepToItself(event: KeyboardEvent): void {
  if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
}
