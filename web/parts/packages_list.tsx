/** A person's Python packages: which there are, adding one from a file or from an index, removing one. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { FileInput, Globe, Trash2 } from 'lucide';
import { LIMITS, type PackageInfo } from '../../js_bridge/contract.gen';
import { errorOf, report } from '../actions';
import { bytes } from '../figures';
import { addWheel, fetchPackage, listPackages, packages, removePackage } from '../packages';
import { toast } from '../store';
import { Icon } from './icon';

interface Asked {
  origin: string;
  answer: (allowed: boolean) => void;
}

function Entry({ info }: { info: PackageInfo }) {
  const { name, version, origin, size, imports, missing, error } = info;
  return (
    <li class="extension" aria-label={name}>
      <div class="row">
        <strong>
          {name} {version}
        </strong>
        <span class="muted figure">
          {origin || 'a file of yours'}, {bytes(size)}
        </span>
        <button class="tool" type="button" aria-label={`Remove ${name}`} title="Remove" onClick={() => void removePackage(name).catch(report)}>
          <Icon of={Trash2} />
        </button>
      </div>
      {error && <p class="field-error">{error}</p>}
      {!error && imports.join() !== name.replace(/-/g, '_') && <p class="muted">import {imports.join(', ')}</p>}
      {missing.length > 0 && <p class="warning">It needs {missing.join(', ')}, which is not here.</p>}
    </li>
  );
}

function Question({ asked }: { asked: Asked }) {
  const first = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => first.current?.focus(), [asked.origin]);
  // Whoever leaves has not allowed it; after an answer this says nothing.
  useEffect(() => () => asked.answer(false), [asked]);
  return (
    <section class="approval" aria-label="Permission">
      <p role="alert">
        This needs <code>{asked.origin}</code>. To allow it lets the page reach that origin and nothing else until the package
        is here. Code from there can then be run by your extensions and your console.
      </p>
      <div class="approval-answers" role="group" aria-label="Answer">
        <button class="button" type="button" onClick={() => asked.answer(true)}>
          Allow
        </button>
        <button ref={first} class="button primary" type="button" onClick={() => asked.answer(false)}>
          Cancel
        </button>
      </div>
    </section>
  );
}

export function PackagesList() {
  const chooser = useRef<HTMLInputElement>(null);
  const [requirement, setRequirement] = useState('');
  const [index, setIndex] = useState('');
  const [asked, setAsked] = useState<Asked | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    listPackages().catch(report);
  }, []);

  const run = async (task: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setProblem('');
    try {
      await task();
    } catch (thrown) {
      const { message, action } = errorOf(thrown);
      setProblem(`${message} ${action}`.trim());
    } finally {
      setAsked(null);
      setBusy(false);
    }
  };
  const allow = (origin: string): Promise<boolean> => new Promise((answer) => setAsked({ origin, answer }));
  const fetch = (): void =>
    void run(async () => {
      const added = await fetchPackage(requirement.trim(), index.trim(), async (origin) => {
        const allowed = await allow(origin);
        setAsked(null);
        return allowed;
      });
      if (added.length === 0) return;
      setRequirement('');
      toast(`Added: ${added.join(', ')}.`);
    });
  return (
    <section class="card" aria-labelledby="packages-heading">
      <h2 id="packages-heading">Packages</h2>
      <p class="muted">Pure-Python packages for your console and your extensions. They are kept here and are there again at every start.</p>
      {packages.value.length > 0 && (
        <ul class="extensions" aria-label="Packages">
          {packages.value.map((info) => (
            <Entry key={info.name} info={info} />
          ))}
        </ul>
      )}
      <div class="row">
        <button class="button" type="button" disabled={busy} onClick={() => chooser.current?.click()}>
          <Icon of={FileInput} /> Add a wheel
        </button>
        <input
          ref={chooser}
          type="file"
          accept=".whl"
          hidden
          aria-label="Wheel file"
          onChange={({ currentTarget }) => {
            const file = currentTarget.files?.[0];
            if (file) void run(() => addWheel(file));
            currentTarget.value = '';
          }}
        />
      </div>
      <form
        class="row from-index"
        aria-label="Add from an index"
        onSubmit={(event) => {
          event.preventDefault();
          fetch();
        }}
      >
        <input
          type="text"
          aria-label="Package"
          placeholder="name or name>=1.2"
          autocomplete="off"
          maxLength={LIMITS.PackageRequest.requirement.maxLength}
          value={requirement}
          onInput={({ currentTarget }) => setRequirement(currentTarget.value)}
        />
        <input
          type="url"
          aria-label="Index address"
          placeholder="PyPI, or another address"
          autocomplete="off"
          value={index}
          onInput={({ currentTarget }) => setIndex(currentTarget.value)}
        />
        <button class="button" type="submit" disabled={busy || !requirement.trim()}>
          <Icon of={Globe} /> Get from the index
        </button>
      </form>
      {asked && <Question asked={asked} />}
      {busy && !asked && <p role="status">Adding…</p>}
      {problem && (
        <p class="field-error" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}
