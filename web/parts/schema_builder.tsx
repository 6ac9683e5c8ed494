/** Builds a JSON schema field by field. Owns the form; what schemas it can show is schema_form.ts'. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Plus, X } from 'lucide';
import { fieldsOf, KINDS, NEW_FIELD, problemOf, schemaOf, type FieldKind, type SchemaField } from '../schema_form';
import { Icon } from './icon';

interface BuilderProps {
  /** The schema as it is kept. */
  schema: string;
  /** Another number says that the schema was changed elsewhere: only then it replaces what is written here. */
  version: number;
  /** Keeps another one; the returned text, if any, says why it cannot be. */
  commit: (schema: string) => Promise<string | null>;
}

interface RowProps {
  field: SchemaField;
  number: number;
  write: (field: SchemaField) => void;
  remove: () => void;
}

function Row({ field, number, write, remove }: RowProps) {
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
          onInput={({ currentTarget }) => write({ ...field, name: currentTarget.value })}
        />
      </div>
      <div class="field">
        <label for={`${id}-kind`}>Type</label>
        <select id={`${id}-kind`} value={field.kind} onInput={({ currentTarget }) => write({ ...field, kind: currentTarget.value as FieldKind })}>
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
            onInput={({ currentTarget }) => write({ ...field, choices: currentTarget.value.split('\n') })}
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
          onInput={({ currentTarget }) => write({ ...field, description: currentTarget.value })}
        />
      </div>
      <label class="wide">
        <input type="checkbox" checked={field.required} onInput={({ currentTarget }) => write({ ...field, required: currentTarget.checked })} /> Required
      </label>
    </fieldset>
  );
}

export function SchemaBuilder({ schema, version, commit }: BuilderProps) {
  const [fields, setFields] = useState<SchemaField[] | null>(() => fieldsOf(schema));
  const latest = useRef(fields ?? []);
  const [problem, setProblem] = useState<string | null>(null);
  useLayoutEffect(() => {
    const found = fieldsOf(schema);
    latest.current = found ?? [];
    setFields(found);
    setProblem(null);
  }, [version]);
  const write = (next: SchemaField[]): void => {
    latest.current = next;
    setFields(next);
  };
  /** Keeps what is written, as soon as a field is left. */
  const keep = async (): Promise<void> => {
    setProblem(problemOf(latest.current) ?? (await commit(schemaOf(latest.current))));
  };
  return (
    <details class="schema-builder">
      <summary>Build it from fields</summary>
      {fields === null ? (
        <p class="muted">The schema above says more than fields can show. Empty it to build one here.</p>
      ) : (
        <>
          <div onChange={() => void keep()}>
            {fields.map((field, index) => (
              <Row
                key={index}
                field={field}
                number={index + 1}
                write={(written) => write(latest.current.map((other, at) => (at === index ? written : other)))}
                remove={() => {
                  write(latest.current.filter((_, at) => at !== index));
                  void keep();
                }}
              />
            ))}
          </div>
          {problem && (
            <p class="field-error" role="alert">
              {problem}
            </p>
          )}
          <button class="button quiet" type="button" onClick={() => write([...latest.current, NEW_FIELD])}>
            <Icon of={Plus} /> Add field
          </button>
        </>
      )}
    </details>
  );
}
