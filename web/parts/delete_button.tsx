/** A button that deletes once it has been asked about. Owns the question's life; whoever shows it says what is deleted. */
import { useState } from 'preact/hooks';

interface DeleteProps {
  name: string;
  label?: string;
  question: string;
  run: () => void;
}

export function DeleteButton({ name, label = 'Delete', question, run }: DeleteProps) {
  const [asked, setAsked] = useState(false);
  if (!asked) {
    return (
      <button class="button" type="button" aria-label={`${label} ${name}`} onClick={() => setAsked(true)}>
        {label}
      </button>
    );
  }
  return (
    <span class="actions" role="group" aria-label={`Delete ${name}?`}>
      <span>{question}</span>
      <button class="button" type="button" onClick={run}>
        Yes, delete
      </button>
      <button class="button quiet" type="button" onClick={() => setAsked(false)}>
        Keep
      </button>
    </span>
  );
}
