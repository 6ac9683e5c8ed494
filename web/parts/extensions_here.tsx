/** A person's extensions in the panel of tools, each with a switch for the conversation on screen. Owns nothing. */
import { useEffect } from 'preact/hooks';
import { report } from '../actions';
import { chooseExtension, extensions, listExtensions } from '../python_console';
import { brings } from './extensions_list';

export function ExtensionsHere({ sessionId }: { sessionId: string | null }) {
  useEffect(() => {
    listExtensions().catch(report);
  }, [sessionId]);
  if (extensions.value.length === 0) return null;
  return (
    <>
      <h3 id="extensions-here">Extensions</h3>
      <ul class="tool-choices" aria-labelledby="extensions-here">
        {extensions.value.map((extension) => (
          <li key={extension.name} class="tool-choice">
            <input
              id={`extension-${extension.name}`}
              type="checkbox"
              role="switch"
              checked={extension.enabled}
              aria-describedby={`extension-${extension.name}-help`}
              onChange={({ currentTarget }) => void chooseExtension(extension.name, currentTarget.checked, 'enabled').catch(report)}
            />
            <label for={`extension-${extension.name}`}>{extension.name}</label>
            <p class="muted" id={`extension-${extension.name}-help`}>
              {extension.error === null ? brings(extension) : 'It has an error; the Python view shows it.'}
            </p>
          </li>
        ))}
      </ul>
    </>
  );
}
