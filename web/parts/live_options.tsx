/** How the Live view looks: pace, threshold, series, detail, length. Owns the wording; limits are the contract's. */
import { LIMITS, type LiveSettings } from '../../js_bridge/contract.gen';
import { configure, figures } from '../live';
import { seriesLimit } from '../series';
import { card } from '../store';
import { readSome } from '../typed_number';
import { Choice, type Option } from './choice';
import { Field } from './field';

type NumberKey = 'interval' | 'frames' | 'max_tokens' | 'temperature';

const NUMBERS: readonly { key: NumberKey; label: string; help: string; whole: boolean }[] = [
  { key: 'interval', label: 'Seconds between', help: 'The shortest time between two descriptions. 0 is as fast as it goes.', whole: false },
  { key: 'frames', label: 'Frames in a series', help: 'More than 1 sends the last frames together, oldest first.', whole: true },
  { key: 'max_tokens', label: 'Caption length', help: 'In tokens. 30 to 60 are quick, 80 and more give detail.', whole: true },
  { key: 'temperature', label: 'Temperature', help: '0 always says the likeliest.', whole: false },
];

const DETAILS: readonly Option<LiveSettings['detail']>[] = [
  { value: 'auto', name: 'as this device can' },
  { value: 'low', name: 'quick (256 pixels)' },
  { value: 'high', name: 'full' },
];

const FITS: readonly Option<LiveSettings['fit']>[] = [
  { value: 'auto', name: 'as the model was trained' },
  { value: 'pad', name: 'whole frame, padded' },
  { value: 'crop', name: 'middle of the frame' },
  { value: 'squeeze', name: 'whole frame, squeezed' },
];

async function save(key: NumberKey, typed: string, whole: boolean): Promise<string | null> {
  const { problem, value } = readSome(typed, LIMITS.LiveSettings[key], whole);
  return problem ?? configure({ [key]: value });
}

/** The threshold beside what the newest frame measures, so that a person sees what it does. */
function Threshold({ settings }: { settings: LiveSettings }) {
  const now = figures.value?.difference ?? 0;
  return (
    <div class="field">
      <label for="live-threshold">Threshold: {settings.threshold} % difference</label>
      <input
        id="live-threshold"
        type="range"
        min="0"
        max="50"
        step="0.5"
        value={settings.threshold}
        aria-describedby="live-threshold-help"
        onChange={({ currentTarget }) => void configure({ threshold: Number(currentTarget.value) })}
      />
      <meter min={0} max={50} value={Math.min(50, now)} high={settings.threshold} aria-label="Difference of the newest frame">
        {now.toFixed(1)} %
      </meter>
      <p class="muted figure" id="live-threshold-help">
        The newest frame differs by {now.toFixed(1)} %. Frames below the threshold cost nothing; 0 describes every frame.
      </p>
    </div>
  );
}

export function LiveOptions({ settings }: { settings: LiveSettings }) {
  return (
    <details class="live-options">
      <summary>Pace, threshold, detail</summary>
      <Threshold settings={settings} />
      <div class="fields">
        {NUMBERS.map(({ key, label, help, whole }) => (
          <Field
            key={key}
            id={`live-${key}`}
            label={label}
            help={key === 'frames' ? `${help} ${seriesLimit(card.value, settings.frames)}`.trim() : help}
            value={String(settings[key])}
            placeholder=""
            decimal={!whole}
            commit={(typed) => save(key, typed, whole)}
          />
        ))}
      </div>
      <Choice label="Detail" value={settings.detail} options={DETAILS} choose={(detail) => void configure({ detail })} />
      <Choice label="Shape" value={settings.fit} options={FITS} choose={(fit) => void configure({ fit })} />
      <Field
        id="live-system"
        label="Instructions"
        help="Read once before all frames and kept in memory, so long ones cost nothing per frame."
        value={settings.system_prompt}
        placeholder="none"
        rows={2}
        commit={(system_prompt) => configure({ system_prompt })}
      />
    </details>
  );
}
