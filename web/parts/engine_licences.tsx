/** The licences of what is inside Cloche's own engine, word for word, as the build found them. Asked for when opened. */
import { useState } from 'preact/hooks';
import { report } from '../actions';

interface Notice {
  name: string;
  text: string;
}

async function read(): Promise<Notice[]> {
  const answer = await fetch(new URL('engine/licences.json', document.baseURI));
  // Where the engine has not been built there is nothing whose licence could be told.
  return answer.ok ? ((await answer.json()) as Notice[]) : [];
}

export function EngineLicences() {
  const [notices, setNotices] = useState<Notice[] | null>(null);
  const look = (): void => {
    if (notices === null) read().then(setNotices, report);
  };
  return (
    <details onToggle={look}>
      <summary>Licences of what is inside Cloche’s own engine</summary>
      {notices?.length === 0 && <p class="muted">This copy of Cloche was built without it.</p>}
      {notices?.map(({ name, text }) => (
        <details key={name}>
          <summary>{name}</summary>
          <pre class="licence" tabIndex={0}>
            {text}
          </pre>
        </details>
      ))}
    </details>
  );
}
