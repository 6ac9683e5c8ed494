/** A labelled form field with help and a validation message. Owns how the three belong together for assistive technology. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

interface FieldProps {
  id: string;
  label: string;
  help: string;
  /** The saved value as text. */
  value: string;
  placeholder: string;
  rows?: number;
  decimal?: boolean;
  /** Saves what was typed; the returned text, if any, says why it cannot be. */
  commit: (typed: string) => Promise<string | null>;
}

export function Field({ id, label, help, value, placeholder, rows, decimal, commit }: FieldProps) {
  const [problem, setProblem] = useState<string | null>(null);
  const input = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  // With the drawing, not some time after it: by then more may have been typed.
  useLayoutEffect(() => {
    if (!input.current || document.activeElement === input.current) return;
    input.current.value = value;
    setProblem(null);
  }, [value]);
  const save = async (): Promise<void> => setProblem(await commit(input.current?.value ?? ''));
  const shared = {
    id,
    ref: input,
    defaultValue: value,
    placeholder,
    autocomplete: 'off',
    'aria-invalid': problem !== null,
    'aria-describedby': problem ? `${id}-problem` : `${id}-help`,
    onChange: () => void save(),
  } as const;
  return (
    <div class={`field ${rows ? '' : 'short'}`}>
      <label for={id}>{label}</label>
      {rows ? <textarea {...shared} rows={rows} /> : <input {...shared} type="text" inputMode={decimal ? 'decimal' : 'numeric'} />}
      {problem ? (
        <p class="field-error" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      ) : (
        <p class="muted" id={`${id}-help`}>
          {help}
        </p>
      )}
    </div>
  );
}
