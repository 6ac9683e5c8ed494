/** The advanced settings of one model: how the engine is to load it. Owns the form's words; empty leaves the choice to Cloche. */
import { LIMITS, type CatalogueEntry, type EngineOptions } from '../../js_bridge/contract.gen';
import { errorOf, report } from '../actions';
import { setOptions } from '../model_actions';
import { readNumber } from '../typed_number';
import { Field } from './field';

type NumberKey = Exclude<keyof EngineOptions, 'cache_type'>;

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
          <div class="field short">
            <label for={`${card.id}-cache`}>KV cache</label>
            <select
              id={`${card.id}-cache`}
              value={options.cache_type ?? ''}
              onChange={({ currentTarget }) =>
                void save({ cache_type: (currentTarget.value || null) as EngineOptions['cache_type'] }).then((problem) => {
                  if (problem) report(new Error(problem));
                })
              }
            >
              <option value="">16 bits</option>
              <option value="q8_0">8 bits: half the memory</option>
              <option value="q4_0">4 bits: a quarter, less exact</option>
            </select>
            <p class="muted">How the conversation is remembered.</p>
          </div>
        )}
      </div>
    </fieldset>
  );
}
