/**
 * "Answer as" in the panel of parameters: free text, JSON of a schema, or one of several choices.
 *
 * Owns what is typed until Python takes it: a form that cannot be held to is refused there, with the reason.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { AnswerFormat } from '../../js_bridge/contract.gen';
import { ensureSession, errorOf, report } from '../actions';
import { connection, openSession } from '../store';
import { Field } from './field';

type Kind = AnswerFormat['kind'];

const NONE: AnswerFormat = { kind: 'text', json_schema: '', choices: [] };
const KINDS: readonly (readonly [Kind, string])[] = [
  ['text', 'Text'],
  ['json_schema', 'JSON'],
  ['choices', 'A choice'],
];
const EXAMPLE = '{"type": "object", "properties": {"color": {"type": "string"}}, "required": ["color"]}';

export function AnswerFormatFields() {
  const sessionId = openSession.value?.id ?? null;
  const [format, setFormat] = useState(NONE);
  const [kind, setKind] = useState<Kind>('text');
  const shown = useRef<string | null>(null);
  /** A new chat becomes a session when its first choice is saved: what is typed stays. */
  const saving = useRef(false);
  useEffect(() => {
    if (!sessionId || shown.current === sessionId) return;
    shown.current = sessionId;
    if (saving.current) return;
    connection.call('session.answer_format', { session_id: sessionId }).then((kept) => {
      setFormat(kept);
      setKind(kept.kind);
    }, report);
  }, [sessionId]);

  const save = async (wanted: AnswerFormat): Promise<string | null> => {
    saving.current = true;
    try {
      const { id: session_id } = await ensureSession();
      shown.current = session_id;
      setFormat(await connection.call('session.set_answer_format', { session_id, format: wanted }));
      return null;
    } catch (thrown) {
      return errorOf(thrown).message;
    } finally {
      saving.current = false;
    }
  };
  const choose = (wanted: Kind): void => {
    setKind(wanted);
    if (wanted === 'text') void save(NONE);
  };
  const lines = (typed: string): string[] => typed.split('\n').map((line) => line.trim()).filter(Boolean);

  return (
    <>
      <fieldset class="choice">
        <legend>Answer as</legend>
        <div class="segments">
          {KINDS.map(([option, label]) => (
            <label key={option}>
              <input type="radio" name="answer-format" checked={option === kind} onChange={() => choose(option)} />
              <span>{label}</span>
            </label>
          ))}
        </div>
      </fieldset>
      {kind === 'json_schema' && (
        <Field
          id="answer-schema"
          label="JSON schema"
          help="The answer is JSON that fits this schema, or an error says why not. Tools are not used meanwhile."
          value={format.json_schema}
          placeholder={EXAMPLE}
          rows={5}
          commit={(typed) => save({ ...NONE, kind: 'json_schema', json_schema: typed })}
        />
      )}
      {kind === 'choices' && (
        <Field
          id="answer-choices"
          label="Choices"
          help="One a line. The answer is exactly one of them. Tools are not used meanwhile."
          value={format.choices.join('\n')}
          placeholder={'yes\nno'}
          rows={3}
          commit={(typed) => save({ ...NONE, kind: 'choices', choices: lines(typed) })}
        />
      )}
    </>
  );
}
