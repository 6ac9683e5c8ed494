/** The view "Python": an editor and a console on the live app, examples, a person's extensions and packages. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Eraser, Play, RotateCcw, Save, Square } from 'lucide';
import { isIsolated } from '../../js_bridge/capabilities';
import { errorOf, report } from '../actions';
import { readDraft, writeDraft } from '../drafts';
import { EXAMPLES } from '../examples';
import { ConsoleOutput } from '../parts/console_output';
import { ExtensionsList } from '../parts/extensions_list';
import { Icon } from '../parts/icon';
import { PackagesList } from '../parts/packages_list';
import type { PythonEditor } from '../parts/python_editor';
import { clearRuns, complete, pastCode, readExtension, restartPython, run, running, saveExtension, stop } from '../python_console';
import { toast } from '../store';

const DRAFT = 'python-console';
const FIRST = EXAMPLES[0]?.code ?? '';
const apple = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** The editor in its place, once its code has been fetched. */
function useEditor() {
  const place = useRef<HTMLDivElement>(null);
  const [editor, setEditor] = useState<PythonEditor | null>(null);
  useEffect(() => {
    let made: PythonEditor | undefined;
    let left = false;
    import('../parts/python_editor')
      .then(({ PythonEditor }) => {
        if (left || !place.current) return;
        made = new PythonEditor(place.current, {
          label: 'Python code',
          text: readDraft(DRAFT) || FIRST,
          run: () => void run(made!.text),
          changed: (text) => writeDraft(DRAFT, text),
          complete,
        });
        setEditor(made);
      })
      .catch(report);
    return () => {
      left = true;
      made?.end();
    };
  }, []);
  return { place, editor };
}

function SaveAs({ editor, name, setName }: { editor: PythonEditor | null; name: string; setName: (name: string) => void }) {
  const [problem, setProblem] = useState('');
  const save = async (): Promise<void> => {
    if (!editor) return;
    try {
      const { error } = await saveExtension(name, editor.text);
      setProblem('');
      toast(error === null ? `${name}.py was saved.` : `${name}.py was saved; it has an error, shown beside it.`);
    } catch (thrown) {
      const { code, message } = errorOf(thrown);
      setProblem(code === 'bad_input' ? 'A name has small letters, digits and underscores, and begins with a letter.' : message);
    }
  };
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <span class="file-name">
        <input
          type="text"
          aria-label="Extension name"
          placeholder="name"
          autocomplete="off"
          maxLength={40}
          aria-invalid={problem !== ''}
          value={name}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
        .py
      </span>
      <button class="button" type="submit" disabled={!editor || !name}>
        <Icon of={Save} /> Save as extension
      </button>
      {problem && (
        <p class="field-error" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

export function PythonView() {
  const { place, editor } = useEditor();
  const [name, setName] = useState('');
  const [stopping, setStopping] = useState(false);
  const busy = running();
  useLayoutEffect(() => setStopping(false), [busy]);
  const show = (code: string): void => {
    editor?.replace(code);
    editor?.focus();
  };
  const edit = (extension: string): void => {
    readExtension(extension).then((source) => {
      setName(extension);
      show(source);
    }, report);
  };
  return (
    <div class="page python" tabIndex={-1}>
      <p class="muted">
        This Python is the app’s own: <code>app</code>, <code>ask</code>, <code>session</code>, <code>tools</code>, <code>on</code>,{' '}
        <code>vision</code> and <code>vectors</code> are there. Code that you run here is your own act: it can reach everything that Cloche can, and nobody
        asks again. Run only what you understand.
      </p>
      <div class="editor" ref={place} />
      <div class="row">
        <button class="button primary" type="button" disabled={!editor || busy} title={`${apple ? '⌘' : 'Ctrl'} Enter`} onClick={() => void run(editor!.text)}>
          <Icon of={Play} /> Run
        </button>
        <button
          class="button"
          type="button"
          disabled={!busy}
          onClick={() => {
            setStopping(true);
            stop();
          }}
        >
          <Icon of={Square} /> Stop code
        </button>
        {stopping && (
          <button class="button" type="button" onClick={restartPython}>
            <Icon of={RotateCcw} /> Restart Python
          </button>
        )}
        <label class="row">
          Example
          <select
            class="button"
            aria-label="Example"
            value=""
            onChange={({ currentTarget }) => {
              show(EXAMPLES.find((example) => example.name === currentTarget.value)?.code ?? '');
              currentTarget.value = '';
            }}
          >
            <option value="">Choose one</option>
            {EXAMPLES.map((example) => (
              <option key={example.name} value={example.name}>
                {example.title}
              </option>
            ))}
          </select>
        </label>
        <History show={show} />
        <button class="button quiet" type="button" onClick={clearRuns}>
          <Icon of={Eraser} /> Clear output
        </button>
      </div>
      {stopping && !isIsolated() && (
        <p class="warning">
          This page is not isolated, so code that never waits cannot be stopped from outside. Restart Python ends it; what you
          kept stays.
        </p>
      )}
      <ConsoleOutput reuse={show} />
      <SaveAs editor={editor} name={name} setName={setName} />
      <ExtensionsList edit={edit} />
      <PackagesList />
    </div>
  );
}

/** What was run before, newest first; fetched when it is looked at. */
function History({ show }: { show: (code: string) => void }) {
  const [past, setPast] = useState<readonly string[]>([]);
  const look = (): void => {
    pastCode().then((found) => setPast(found.toReversed()), report);
  };
  useEffect(look, []);
  return (
    <label class="row">
      History
      <select
        class="button"
        aria-label="History"
        value=""
        onFocus={look}
        onChange={({ currentTarget }) => {
          show(past[Number(currentTarget.value)] ?? '');
          currentTarget.value = '';
        }}
      >
        <option value="">{past.length === 0 ? 'Nothing yet' : 'Choose one'}</option>
        {past.map((code, index) => (
          <option key={index} value={index}>
            {code.trim().split('\n')[0]?.slice(0, 60)}
          </option>
        ))}
      </select>
    </label>
  );
}
