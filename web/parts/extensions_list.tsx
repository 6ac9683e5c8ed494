/** A person's extensions: what each brings, where it is switched on, what is wrong with it; import, export, deletion. */
import { useEffect, useRef } from 'preact/hooks';
import { Download, FileInput, Pencil, Trash2 } from 'lucide';
import type { ExtensionInfo } from '../../js_bridge/contract.gen';
import { report } from '../actions';
import {
  chooseExtension,
  deleteExtension,
  extensionName,
  extensions,
  listExtensions,
  readExtension,
  saveExtension,
} from '../python_console';
import { openSession } from '../store';
import { Icon } from './icon';

/** What an extension adds, in words. */
export function brings({ tools, hooks, providers, module }: ExtensionInfo): string {
  const parts = [
    ...tools.map((name) => `tool ${name}`),
    ...hooks.map((event) => `hook on ${event}`),
    ...providers.map((name) => `provider ${name}`),
    ...(module ? ['an Amplifier module'] : []),
  ];
  return parts.join(', ') || 'nothing yet';
}

async function exportFile(name: string): Promise<void> {
  const address = URL.createObjectURL(new Blob([await readExtension(name)], { type: 'text/x-python' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = `${name}.py`;
  link.click();
  URL.revokeObjectURL(address);
}

async function importFiles(files: FileList | null): Promise<void> {
  for (const file of files ?? []) await saveExtension(extensionName(file.name), await file.text());
}

function Entry({ extension, edit }: { extension: ExtensionInfo; edit: (name: string) => void }) {
  const { name, error, everywhere, enabled } = extension;
  const session = openSession.value;
  const switchTo = (on: boolean, where: 'everywhere' | 'enabled') => void chooseExtension(name, on, where).catch(report);
  return (
    <li class="extension" aria-label={name}>
      <div class="row">
        <strong>{name}.py</strong>
        <span class="muted">{brings(extension)}</span>
      </div>
      <div class="row">
        {session && (
          <label>
            <input type="checkbox" checked={enabled} onChange={({ currentTarget }) => switchTo(currentTarget.checked, 'enabled')} /> On in
            “{session.title}”
          </label>
        )}
        <label>
          <input type="checkbox" checked={everywhere} onChange={({ currentTarget }) => switchTo(currentTarget.checked, 'everywhere')} /> On in all
          conversations
        </label>
        <button class="tool" type="button" aria-label={`Edit ${name}`} title="Edit" onClick={() => edit(name)}>
          <Icon of={Pencil} />
        </button>
        <button class="tool" type="button" aria-label={`Export ${name}`} title="Export" onClick={() => void exportFile(name).catch(report)}>
          <Icon of={Download} />
        </button>
        <button class="tool" type="button" aria-label={`Delete ${name}`} title="Delete" onClick={() => void deleteExtension(extension).catch(report)}>
          <Icon of={Trash2} />
        </button>
      </div>
      {error !== null && (
        <pre class="traceback" tabIndex={0} aria-label={`Error in ${name}`}>
          {error}
        </pre>
      )}
    </li>
  );
}

export function ExtensionsList({ edit }: { edit: (name: string) => void }) {
  const chooser = useRef<HTMLInputElement>(null);
  useEffect(() => {
    listExtensions().catch(report);
  }, [openSession.value?.id]);
  return (
    <section class="card" aria-labelledby="extensions-heading">
      <h2 id="extensions-heading">Extensions</h2>
      <p class="muted">
        Python files that add tools, hooks and providers to the conversations in which they are on. They are kept with your
        conversations. Switch on only what you trust: an extension can reach everything that Cloche can.
      </p>
      {extensions.value.length > 0 && (
        <ul class="extensions" aria-label="Extensions">
          {extensions.value.map((extension) => (
            <Entry key={extension.name} extension={extension} edit={edit} />
          ))}
        </ul>
      )}
      <div class="row">
        <button class="button" type="button" onClick={() => chooser.current?.click()}>
          <Icon of={FileInput} /> Import extension
        </button>
        <input
          ref={chooser}
          type="file"
          accept=".py,text/x-python"
          multiple
          hidden
          aria-label="Extension files"
          onChange={({ currentTarget }) => {
            void importFiles(currentTarget.files).catch(report);
            currentTarget.value = '';
          }}
        />
      </div>
    </section>
  );
}
