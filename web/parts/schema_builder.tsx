/** Builds a JSON schema field by field. Owns the form; what schemas it can show is schema_form.ts'. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Plus, X } from 'lucide';
import { fieldsOf, KINDS, NEW_FIELD, problemOf, schemaOf, type FieldKind, type SchemaField } from '../schema_form';
import { Icon } from './icon';

interface BuilderProps {
  /** The schema as it is kept. */
  schema: string;
  /** Keeps another one; the returned text, if any, says why it cannot be. */
  commit: (schema: string) => Promise<string | null>;
}

function Row({ field, number, change, remove }: { field: SchemaField; number: number; change: (field: SchemaField) => void; remove: () => void }) {
  const id = `schema-field-${number}`;
  return (
    <fieldset class="schema-field">
      <legend>Field {number}</legend>
      <button class="tool" type="button" aria-label={`Remove field ${number}`} onClick={remove}>
        <Icon of={X} />
      </button>
      <div class="field">
        <label for={`${id}-name`}>Name</label>
        <input
          id={`${id}-name`}
          autocomplete="off"
          spellcheck={false}
          maxLength={64}
          value={field.name}
          onChange={({ currentTarget }) => change({ ...field, name: currentTarget.value })}
        />
      </div>
      <div class="field">
        <label for={`${id}-kind`}>Type</label>
        <select id={`${id}-kind`} value={field.kind} onChange={({ currentTarget }) => change({ ...field, kind: currentTarget.value as FieldKind })}>
          {KINDS.map(([kind, label]) => (
            <option key={kind} value={kind}>
              {label}
            </option>
          ))}
        </select>
      </div>
      {field.kind === 'enum' && (
        <div class="field wide">
          <label for={`${id}-choices`}>Choose from, one a line</label>
          <textarea
            id={`${id}-choices`}
            rows={2}
            value={field.choices.join('\n')}
            onChange={({ currentTarget }) =>
              change({ ...field, choices: [...new Set(currentTarget.value.split('\n').map((line) => line.trim()).filter(Boolean))] })
            }
          />
        </div>
      )}
      <div class="field wide">
        <label for={`${id}-description`}>Description</label>
        <input
          id={`${id}-description`}
          autocomplete="off"
          maxLength={500}
          placeholder="What the model should put here"
          value={field.description}
          onChange={({ currentTarget }) => change({ ...field, description: currentTarget.value })}
        />
      </div>
      <label class="wide">
        <input type="checkbox" checked={field.required} onChange={({ currentTarget }) => change({ ...field, required: currentTarget.checked })} /> Required
      </label>
    </fieldset>
  );
}

export function SchemaBuilder({ schema, commit }: BuilderProps) {
  const [fields, setFields] = useState<SchemaField[] | null>(() => fieldsOf(schema));
  const [problem, setProblem] = useState<string | null>(null);
  /** The schema that the fields came from or went to: only another one replaces them. */
  const known = useRef(schema);
  useEffect(() => {
    if (known.current === schema) return;
    known.current = schema;
    setFields(fieldsOf(schema));
    setProblem(null);
  }, [schema]);
  const change = async (next: SchemaField[]): Promise<void> => {
    setFields(next);
    const wrong = problemOf(next);
    if (!wrong) known.current = schemaOf(next);
    setProblem(wrong ?? (await commit(known.current)));
  };
  return (
    <details class="schema-builder">
      <summary>Build it from fields</summary>
      {fields === null ? (
        <p class="muted">The schema above says more than fields can show. Empty it to build one here.</p>
      ) : (
        <>
          {fields.map((field, index) => (
            <Row
              key={index}
              field={field}
              number={index + 1}
              change={(changed) => void change(fields.map((other, at) => (at === index ? changed : other)))}
              remove={() => void change(fields.filter((_, at) => at !== index))}
            />
          ))}
          {problem && (
            <p class="field-error" role="alert">
              {problem}
            </p>
          )}
          <button class="button quiet" type="button" onClick={() => setFields([...fields, NEW_FIELD])}>
            <Icon of={Plus} /> Add field
          </button>
        </>
      )}
    </details>
  );
}
