/** What the Live view asks: describe or watch, the question, and what a watch does. Owns the form; Python keeps it. */
import { useEffect, useState } from 'preact/hooks';
import type { LiveSettings, LiveWatch, ToolInfo } from '../../js_bridge/contract.gen';
import { report } from '../actions';
import { allowNotices, configure, lookAgain } from '../live';
import { connection } from '../store';
import { Choice } from './choice';
import { Field } from './field';

const WATCH: LiveWatch = { kind: 'yes_no', json_schema: '', when: 'change', notify: true, todo: false, tool: '', arguments: '{}' };
const DESCRIBE = 'Describe what you see.';
const WATCHED = 'Is there a person in the picture?';

async function change(settings: Partial<LiveSettings>): Promise<string | null> {
  const problem = await configure(settings);
  if (problem === null) lookAgain();
  return problem;
}

function Watching({ watch, problem, set }: { watch: LiveWatch; problem: string; set: (change: Partial<LiveWatch>) => void }) {
  const [tools, setTools] = useState<readonly ToolInfo[]>([]);
  useEffect(() => {
    connection.call('tools.list', { session_id: null }).then(setTools, report);
  }, []);
  const check = (label: string, key: 'notify' | 'todo') => (
    <label class="row">
      <input
        type="checkbox"
        checked={watch[key]}
        onChange={({ currentTarget }) => {
          if (key === 'notify' && currentTarget.checked) allowNotices();
          set({ [key]: currentTarget.checked });
        }}
      />
      {label}
    </label>
  );
  return (
    <div class="live-watch">
      <Choice
        label="Answer"
        value={watch.kind}
        options={[
          { value: 'yes_no', name: 'Yes or no' },
          { value: 'schema', name: 'JSON of a schema' },
        ]}
        choose={(kind) => set(kind === 'yes_no' ? { kind } : { kind: 'schema', when: 'change', json_schema: watch.json_schema || '{"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}' })}
      />
      {watch.kind === 'yes_no' ? (
        <Choice
          label="Acts when it"
          value={watch.when}
          options={[
            { value: 'change', name: 'changes' },
            { value: 'yes', name: 'becomes yes' },
            { value: 'no', name: 'becomes no' },
          ]}
          choose={(when) => set({ when })}
        />
      ) : (
        <Field
          id="live-schema"
          label="JSON schema"
          help="The form of the answer. It acts when the answer changes."
          value={watch.json_schema}
          placeholder=""
          rows={3}
          commit={async (json_schema) => change({ watch: { ...watch, json_schema } })}
        />
      )}
      {check('Notify me', 'notify')}
      {check('Add a to-do', 'todo')}
      <Choice
        label="Call the tool"
        value={watch.tool}
        options={[{ value: '', name: 'none' }, ...tools.map(({ name }) => ({ value: name, name }))]}
        choose={(tool) => set({ tool })}
      />
      {watch.tool && (
        <Field
          id="live-arguments"
          label="Its arguments"
          help="JSON. {answer}, {before}, {question} and {time} are filled in. A tool that does more than read asks first."
          value={watch.arguments}
          placeholder="{}"
          rows={2}
          commit={async (text) => change({ watch: { ...watch, arguments: text } })}
        />
      )}
      {problem && (
        <p class="field-error" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

export function LiveQuestion({ settings }: { settings: LiveSettings }) {
  const [problem, setProblem] = useState('');
  const { watch } = settings;
  const set = (next: Partial<LiveSettings>): void => void change(next).then((found) => setProblem(found ?? ''));
  return (
    <section aria-label="Question" class="live-question">
      <fieldset class="segments">
        <legend class="visually-hidden">Mode</legend>
        {(['Describe', 'Watch'] as const).map((mode) => (
          <label key={mode}>
            <input
              type="radio"
              name="live-mode"
              checked={(mode === 'Watch') === (watch !== null)}
              onChange={() =>
                // The example of the mode before gives way to that of this one; a question of one's own stays.
                set(
                  mode === 'Watch'
                    ? { watch: WATCH, prompt: settings.prompt === DESCRIBE ? WATCHED : settings.prompt }
                    : { watch: null, prompt: settings.prompt === WATCHED ? DESCRIBE : settings.prompt },
                )
              }
            />
            {mode}
          </label>
        ))}
      </fieldset>
      <Field
        id="live-prompt"
        label={watch ? 'Watched question' : 'Prompt'}
        help={watch ? 'Asked about each new scene; something happens when the answer changes.' : 'Asked about each new scene.'}
        value={settings.prompt}
        placeholder={watch ? WATCHED : DESCRIBE}
        rows={2}
        commit={async (prompt) => (prompt.trim() ? change({ prompt: prompt.trim() }) : 'Write a question.')}
      />
      {watch && <Watching watch={watch} problem={problem} set={(next) => set({ watch: { ...watch, ...next } })} />}
    </section>
  );
}
