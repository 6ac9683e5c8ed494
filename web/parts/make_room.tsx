/** What would have to go so that a download fits, and the person's agreement to it. */
import { useEffect, useState } from 'preact/hooks';
import type { Download, EvictionPlan } from '../../js_bridge/contract.gen';
import { errorOf } from '../actions';
import { bytes } from '../figures';
import { inQueue, planRoom } from '../storage_actions';

export function MakeRoom({ download }: { download: Download }) {
  const { model_id: modelId, name, needed_bytes: needed } = download;
  const [plan, setPlan] = useState<EvictionPlan | string | null>(null);
  useEffect(() => {
    planRoom(modelId).then(setPlan, (thrown: unknown) => setPlan(errorOf(thrown).message));
  }, [modelId, needed]);
  if (plan === null) return null;
  if (typeof plan === 'string') return <p class="field-error">{plan}</p>;
  if (!plan.enough) {
    return (
      <p class="warning">
        {bytes(plan.needed_bytes)} more would have to be free, and there is nothing left here to delete but what is pinned or in
        use. Free some disk space, or unpin a model.
      </p>
    );
  }
  if (plan.models.length === 0) return <p class="muted">There is room now: resume the download.</p>;
  return (
    <div class="make-room" role="group" aria-label={`Make room for ${name}`}>
      <p>{bytes(plan.needed_bytes)} more would have to be free. These were used least recently:</p>
      <ul class="plain-list">
        {plan.models.map((model) => (
          <li key={model.model_id}>
            {model.name} <span class="muted figure">{bytes(model.size)}</span>
          </li>
        ))}
      </ul>
      <button
        class="button primary"
        type="button"
        onClick={() => inQueue('storage.evict', { model_ids: plan.models.map((model) => model.model_id), then: modelId })}
      >
        Delete {plan.models.length === 1 ? 'it' : 'them'} and go on
      </button>
    </div>
  );
}
