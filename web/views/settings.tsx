/** The view "Settings": choices for the whole app, storage, keys, and what Cloche is built from. */
import { saveSettings } from '../actions';
import { PARTS } from '../licences';
import { EngineLicences } from '../parts/engine_licences';
import { StorageBar } from '../parts/storage_bar';
import { TransferCard } from '../parts/transfer_card';
import { settings, state } from '../store';

interface ChoiceProps<T extends string> {
  legend: string;
  name: string;
  value: T;
  options: readonly (readonly [T, string])[];
  choose: (value: T) => void;
}

function Choice<T extends string>({ legend, name, value, options, choose }: ChoiceProps<T>) {
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      <div class="segments">
        {options.map(([option, label]) => (
          <label key={option}>
            <input type="radio" name={name} checked={option === value} onChange={() => choose(option)} />
            <span>{label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

const apple = /Mac|iPhone|iPad/.test(navigator.userAgent);
const CONTROL = apple ? '⌘' : 'Ctrl';

function shortcuts(sendWith: string): (readonly [keys: string, effect: string])[] {
  return [
    [sendWith === 'enter' ? 'Enter' : `${CONTROL} Enter`, 'Send the message'],
    [sendWith === 'enter' ? 'Shift Enter' : 'Enter', 'New line'],
    ['Esc', 'Close a panel; while an answer is written, stop it'],
    [`${CONTROL} Shift O`, 'New chat'],
    [`${CONTROL} K`, 'Search conversations'],
    ['/', 'Go to the message box'],
    [`${CONTROL} Shift ,`, 'Parameters of the conversation'],
  ];
}

const WAITING = [
  [15, '15 seconds'],
  [120, '2 minutes'],
  [900, '15 minutes'],
] as const;

const RESTING = [
  [15, '15 minutes'],
  [60, '1 hour'],
  [0, 'Never'],
] as const;

export function SettingsView() {
  const { theme, send_with: sendWith, approval_seconds: waiting, unload_minutes: unload } = settings.value;
  return (
    <div class="page" tabIndex={-1}>
      <section class="card" aria-labelledby="look-heading">
        <h2 id="look-heading">Look and typing</h2>
        <Choice
          legend="Theme"
          name="theme"
          value={theme}
          options={[
            ['system', 'As the system'],
            ['light', 'Light'],
            ['dark', 'Dark'],
          ]}
          choose={(value) => void saveSettings({ theme: value })}
        />
        <Choice
          legend="Send messages with"
          name="send"
          value={sendWith}
          options={[
            ['enter', 'Enter'],
            ['ctrl-enter', `${CONTROL} Enter`],
          ]}
          choose={(value) => void saveSettings({ send_with: value })}
        />
        <Choice
          legend="A tool that asks and gets no answer is denied after"
          name="approval"
          value={String(waiting)}
          options={WAITING.map(([seconds, label]) => [String(seconds), label])}
          choose={(value) => void saveSettings({ approval_seconds: Number(value) })}
        />
        <Choice
          legend="A model that is not used frees its memory after"
          name="unload"
          value={String(unload)}
          options={RESTING.map(([minutes, label]) => [String(minutes), label])}
          choose={(value) => void saveSettings({ unload_minutes: Number(value) })}
        />
      </section>
      <StorageBar />
      <TransferCard />
      <section class="card" aria-labelledby="keys-heading">
        <h2 id="keys-heading">Keyboard</h2>
        <dl class="facts keys">
          {shortcuts(sendWith).flatMap(([keys, effect]) => [
            <dt key={keys}>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>,
            <dd key={effect}>{effect}</dd>,
          ])}
        </dl>
      </section>
      <section class="card" aria-labelledby="about-heading">
        <h2 id="about-heading">About Cloche {state.value.version}</h2>
        <p>
          Model, Python agent and store run in this tab. The page asks its own address for its own files and sends nothing
          anywhere else unless you add a provider or have a model looked up or downloaded (see Models): the browser enforces
          that with content security policies.
        </p>
        <table class="licences">
          <caption>Built from</caption>
          <thead>
            <tr>
              <th scope="col">Part</th>
              <th scope="col">For</th>
              <th scope="col">Licence</th>
            </tr>
          </thead>
          <tbody>
            {PARTS.map(([name, licence, what]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{what}</td>
                <td>{licence}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <EngineLicences />
      </section>
    </div>
  );
}
