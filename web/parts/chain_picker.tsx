/** Who answers in this conversation, and who if that one cannot. Owns the choice's form; shown only when there is one. */
import type { ModelChoice, Provider } from '../../js_bridge/contract.gen';
import { chainOf, setChain, useEverywhere } from '../provider_actions';
import { card, providers } from '../store';

const NOBODY = '';
const valueOf = ({ provider_id: id, model }: ModelChoice): string => JSON.stringify([id, model]);

function choiceOf(value: string): ModelChoice {
  const [provider_id, model] = JSON.parse(value) as [string, string];
  return { provider_id, model };
}

const nameOf = ({ model }: ModelChoice, provider?: Provider): string =>
  provider?.models.find(({ id }) => id === model)?.name ?? model;

/** The provider's name, whether it is remote, and the model. */
export function describe(choice: ModelChoice): { provider: string; remote: boolean; model: string } {
  const provider = providers.value.find(({ id }) => id === choice.provider_id);
  const model = choice.provider_id === 'local' ? (card.value?.name ?? 'the loaded model') : nameOf(choice, provider);
  return { provider: provider?.name ?? 'A removed provider', remote: provider?.remote ?? false, model };
}

function Options({ chosen }: { chosen: string }) {
  const known = providers.value.flatMap(({ id, name, remote, models }) => {
    const choices = id === 'local' ? [{ provider_id: id, model: '' }] : models.map((model) => ({ provider_id: id, model: model.id }));
    return [{ id, label: remote ? `${name} (remote)` : name, choices }];
  });
  const listed = known.some(({ choices }) => choices.some((choice) => valueOf(choice) === chosen));
  return (
    <>
      {known.map(({ id, label, choices }) => (
        <optgroup key={id} label={label}>
          {choices.map((choice) => (
            <option key={valueOf(choice)} value={valueOf(choice)}>
              {describe(choice).model}
            </option>
          ))}
        </optgroup>
      ))}
      {!listed && chosen && <option value={chosen}>{describe(choiceOf(chosen)).model || 'No longer listed'}</option>}
    </>
  );
}

export function ChainPicker() {
  if (providers.value.length < 2) return null;
  const chain = chainOf();
  const change = (index: number, value: string): void => {
    const next = [...chain.slice(0, index), ...(value === NOBODY ? [] : [choiceOf(value)]), ...chain.slice(index + 1)];
    void setChain(next);
  };
  const places = [...chain.map(valueOf), NOBODY];
  return (
    <fieldset class="chain">
      <legend>Who answers in this conversation</legend>
      {places.map((value, index) => (
        <label key={index} class="field">
          <span>{index === 0 ? 'First' : 'If that fails'}</span>
          <select aria-label={index === 0 ? 'First' : `If that fails (${index})`} value={value} onChange={({ currentTarget }) => change(index, currentTarget.value)}>
            {index > 0 && <option value={NOBODY}>nobody, show the error</option>}
            <Options chosen={value} />
          </select>
        </label>
      ))}
      <button class="button quiet" type="button" onClick={() => void useEverywhere()}>
        Use for all conversations without a choice
      </button>
    </fieldset>
  );
}
