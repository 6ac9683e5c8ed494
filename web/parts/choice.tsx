/** One of a few: a list with its name before it. Owns the form; what is chosen is kept by whoever shows it. */

export interface Option<Value extends string> {
  value: Value;
  name: string;
}

interface Props<Value extends string> {
  label: string;
  value: Value;
  options: readonly Option<Value>[];
  disabled?: boolean;
  choose: (value: Value) => void;
}

export function Choice<Value extends string>({ label, value, options, disabled = false, choose }: Props<Value>) {
  return (
    <label class="row">
      {label}
      <select class="button" value={value} disabled={disabled} onChange={({ currentTarget }) => choose(currentTarget.value as Value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.name}
          </option>
        ))}
      </select>
    </label>
  );
}
