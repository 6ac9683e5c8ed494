/** The advanced settings of one model: how the engine is to load it. Owns the form's words; empty leaves the choice to Cloche. */
import { LIMITS, type CatalogueEntry, type EngineOptions } from '../../js_bridge/contract.gen';
import { errorOf, report } from '../actions';
import { setOptions } from '../model_actions';
import { readNumber } from '../typed_number';
import { Field } from './field';

type NumberKey = Exclude<keyof EngineOptions, 'cache_type' | 'engine'>;

interface NumberSetting {
  key: NumberKey;
  label: string;
  help: string;
  fallback: string;
}

const CONTEXT: NumberSetting = { key: 'context_window', label: 'Context', help: 'Tokens that the model can hold. More take more memory.', fallback: 'the model’s' };
const LLAMACPP: readonly NumberSetting[] = [
  CONTEXT,
  { key: 'threads', label: 'Threads', help: 'Never more than free processor cores: one too many makes all of them wait.', fallback: 'measured' },
  { key: 'gpu_layers', label: 'GPU layers', help: '0 keeps everything on the processor.', fallback: 'all that can' },
  { key: 'batch', label: 'Batch', help: 'Tokens read at once. Smaller takes less memory.', fallback: 'the engine’s' },
];
const ADAPTER: NumberSetting = { key: 'adapter_scale', label: 'Adapter strength', help: 'How much the LoRA adapter changes the model. 1 is as trained.', fallback: '1' };

interface ChoiceFieldProps {
  id: string;
  label: string;
  help: string;
  value: string | null;
  /** What each value is called; "" leaves the choice to Cloche. */
  words: Record<string, string>;
  choose: (value: string | null) => Promise<string | null>;
}

/** A setting with a few possible values, as `Field` is one that is typed. */
function ChoiceField({ id, label, help, value, words, choose }: ChoiceFieldProps) {
  return (
    <div class="field short">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value ?? ''}
        onChange={({ currentTarget }) =>
          void choose(currentTarget.value || null).then((problem) => {
            if (problem) report(new Error(problem));
          })
        }
      >
        {Object.entries(words).map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
      <p class="muted">{help}</p>
    </div>
  );
}

export function ModelSettings({ entry: { card, options } }: { entry: CatalogueEntry }) {
  const llamacpp = card.engine === 'llamacpp';
  if (!llamacpp && card.engine !== 'webllm') return null;
  const save = async (change: Partial<EngineOptions>): Promise<string | null> => {
    try {
      await setOptions(card.id, { ...options, ...change });
      return null;
    } catch (thrown) {
      return errorOf(thrown).message;
    }
  };
  const settings = llamacpp ? [...LLAMACPP] : [CONTEXT];
  if (card.files.some(({ role }) => role === 'adapter')) settings.push(ADAPTER);
  return (
    <fieldset class="model-settings">
      <legend>Settings</legend>
      <p class="muted">They hold from the next loading on; a model that is loaded is loaded anew.</p>
      <div class="settings-grid">
        {settings.map(({ key, label, help, fallback }) => (
          <Field
            key={key}
            id={`${card.id}-${key}`}
            label={label}
            help={help}
            value={options[key]?.toString() ?? ''}
            placeholder={fallback}
            decimal={key === 'adapter_scale'}
            commit={(typed) => {
              const { problem, value } = readNumber(typed, LIMITS.EngineOptions[key], key !== 'adapter_scale');
              return problem === undefined ? save({ [key]: value }) : Promise.resolve(problem);
            }}
          />
        ))}
        {llamacpp && (
          <>
            <ChoiceField
              id={`${card.id}-cache`}
              label="KV cache"
              help="How the conversation is remembered."
              value={options.cache_type}
              words={{ '': '16 bits', q8_0: '8 bits: half the memory', q4_0: '4 bits: a quarter, less exact' }}
              choose={(cache_type) => save({ cache_type: cache_type as EngineOptions['cache_type'] })}
            />
            <ChoiceField
              id={`${card.id}-engine`}
              label="Engine"
              help="Both are llama.cpp; the benchmark compares them."
              value={options.engine}
              words={{ '': 'Cloche’s own, where it is the faster one', wllama: 'wllama' }}
              choose={(engine) => save({ engine: engine as EngineOptions['engine'] })}
            />
          </>
        )}
      </div>
    </fieldset>
  );
}
