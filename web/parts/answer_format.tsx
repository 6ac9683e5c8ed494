/**
 * "Answer as" in the panel of parameters: free text, JSON of a schema, one of several choices, or text of a grammar.
 *
 * Owns what is typed until Python takes it: a form that cannot be held to is refused there, with the reason.
 */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { AnswerFormat } from '../../js_bridge/contract.gen';
import { ensureSession, errorOf, report } from '../actions';
import { connection, openSession } from '../store';
import { Field } from './field';
import { SchemaBuilder } from './schema_builder';

type Kind = AnswerFormat['kind'];

const NONE: AnswerFormat = { kind: 'text', json_schema: '', choices: [], grammar: '' };
const KINDS: readonly (readonly [Kind, string])[] = [
  ['text', 'Text'],
  ['json_schema', 'JSON'],
  ['choices', 'A choice'],
  ['grammar', 'Grammar'],
];
const EXAMPLE = '{"type": "object", "properties": {"color": {"type": "string"}}, "required": ["color"]}';

export function AnswerFormatFields() {
  const sessionId = openSession.value?.id ?? null;
  const [format, setFormat] = useState(NONE);
  const [kind, setKind] = useState<Kind>('text');
  /** Counts the changes that the builder did not make. */
  const [version, setVersion] = useState(0);
  const shown = useRef<string | null>(null);
  /** What a person chooses counts more than what was kept and comes later. */
  const chosen = useRef(false);
  /** A new chat becomes a session when its first choice is saved: what is typed stays. */
  const saving = useRef(false);
  useLayoutEffect(() => {
    if (!sessionId || shown.current === sessionId) return;
    shown.current = sessionId;
    if (saving.current) return;
    chosen.current = false;
    connection.call('session.answer_format', { session_id: sessionId }).then((kept) => {
      if (chosen.current || shown.current !== sessionId) return;
      setFormat(kept);
      setKind(kept.kind);
      setVersion((before) => before + 1);
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
    chosen.current = true;
    setKind(wanted);
    if (wanted === 'text') void save(NONE);
  };
  const saveSchema = (typed: string): Promise<string | null> => save({ ...NONE, kind: 'json_schema', json_schema: typed });
  const saveTyped = async (typed: string): Promise<string | null> => {
    // Nothing written yet is no form yet.
    const problem = typed.trim() ? await saveSchema(typed) : await save(NONE);
    if (!problem) setVersion((before) => before + 1);
    return problem;
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
        <>
          <Field
            id="answer-schema"
            label="JSON schema"
            help="The answer is JSON that fits this schema, or an error says why not. Tools are not used meanwhile."
            value={format.json_schema}
            placeholder={EXAMPLE}
            rows={5}
            commit={saveTyped}
          />
          <SchemaBuilder schema={format.json_schema} version={version} commit={saveSchema} />
        </>
      )}
      {kind === 'grammar' && (
        <Field
          id="answer-grammar"
          label="GBNF grammar"
          help="As llama.cpp reads it. The answer follows it from “root” on, or an error says why not. Tools are not used meanwhile."
          value={format.grammar}
          placeholder={'root ::= "yes" | "no"'}
          rows={3}
          commit={(typed) => save({ ...NONE, kind: 'grammar', grammar: typed })}
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
