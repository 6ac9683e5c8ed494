/**
 * Generation parameters of the conversation on screen. A change is saved as soon as the field is left.
 *
 * Owns nothing: values live in the session, wording in parameters.ts, limits in the contract.
 */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { RotateCcw, X } from 'lucide';
import { LIMITS, type Parameters } from '../../js_bridge/contract.gen';
import { errorOf, report, setParameters } from '../actions';
import { NONE, NUMBER_FIELDS, readStop, readSystemPrompt, writeStop } from '../parameters';
import { card, openSession, parametersOpen } from '../store';
import { rangeOf, readNumber, type Read } from '../typed_number';
import { AnswerFormatFields } from './answer_format';
import { Field } from './field';
import { named, useReturnFocus } from './focus';
import { Icon } from './icon';

async function save<K extends keyof Parameters>(key: K, read: Read<Parameters[K]>): Promise<string | null> {
  if (read.problem !== undefined) return read.problem;
  const before = openSession.value?.parameters ?? NONE;
  try {
    await setParameters({ ...before, [key]: read.value });
    return null;
  } catch (thrown) {
    return errorOf(thrown).message;
  }
}

export function ParametersPanel() {
  const parameters = openSession.value?.parameters ?? NONE;
  const defaults = card.value?.defaults ?? NONE;
  const heading = useRef<HTMLHeadingElement>(null);
  const changed = Object.values(parameters).some((value) => value !== null);
  useLayoutEffect(() => heading.current?.focus(), []);
  useReturnFocus(() => named('Parameters'));
  return (
    <aside class="panel" aria-labelledby="parameters-heading">
      <div class="panel-head">
        <h2 id="parameters-heading" ref={heading} tabIndex={-1}>
          Parameters
        </h2>
        <button class="tool" type="button" aria-label="Close parameters" onClick={() => (parametersOpen.value = false)}>
          <Icon of={X} />
        </button>
      </div>
      <p class="muted">For this conversation only. An empty field leaves the choice to the model, as shown in grey.</p>
      <Field
        id="parameter-system_prompt"
        label="System prompt"
        help="Stands before the conversation and tells the model how to behave."
        value={parameters.system_prompt ?? ''}
        placeholder={defaults.system_prompt ?? 'none'}
        rows={3}
        commit={(typed) => save('system_prompt', readSystemPrompt(typed))}
      />
      <AnswerFormatFields />
      <div class="fields">
        {NUMBER_FIELDS.map((field) => (
          <Field
            key={field.key}
            id={`parameter-${field.key}`}
            label={field.label}
            help={`${field.help} Range: ${rangeOf(LIMITS.Parameters[field.key])}.`}
            value={parameters[field.key]?.toString() ?? ''}
            placeholder={defaults[field.key]?.toString() ?? field.fallback}
            decimal={!field.whole}
            commit={(typed) => save(field.key, readNumber(typed, LIMITS.Parameters[field.key], field.whole))}
          />
        ))}
      </div>
      <Field
        id="parameter-stop"
        label="Stop sequences"
        help="One a line; the answer ends before the first that appears. \n means a line break."
        value={writeStop(parameters.stop)}
        placeholder={writeStop(defaults.stop) || 'none'}
        rows={2}
        commit={(typed) => save('stop', readStop(typed))}
      />
      <div class="field">
        <label for="parameter-image_detail">Detail of pictures</label>
        <select
          id="parameter-image_detail"
          value={parameters.image_detail ?? ''}
          aria-describedby="parameter-image_detail-help"
          onChange={({ currentTarget }) =>
            void setParameters({ ...parameters, image_detail: (currentTarget.value || null) as Parameters['image_detail'] }).catch(report)
          }
        >
          <option value="">as this device can</option>
          <option value="low">quick (256 pixels)</option>
          <option value="high">full</option>
        </select>
        <p class="muted" id="parameter-image_detail-help">
          Full takes longer: large encoders get small pictures on a device without a fast GPU.
        </p>
      </div>
      <button class="button" type="button" disabled={!changed} onClick={() => void setParameters(NONE).catch(report)}>
        <Icon of={RotateCcw} /> Reset
      </button>
    </aside>
  );
}
