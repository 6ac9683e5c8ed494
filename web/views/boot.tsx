/** What is on screen before Python is up: progress, the reason of a failure, or who else has the database. */
import type { ComponentChildren } from 'preact';
import { ConciergeBell } from 'lucide';
import { boot, useHere } from '../actions';
import { Icon } from '../parts/icon';
import { Progress } from '../parts/progress';
import { installProgress } from '../service_worker';
import { state } from '../store';

function Screen({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <main class="boot">
      <div class="boot-mark">
        <Icon of={ConciergeBell} />
      </div>
      <h1>{title}</h1>
      {children}
    </main>
  );
}

function Steps() {
  const { value: kept } = installProgress;
  const { boot: step } = state.value;
  if (step) return <Progress label={step.label} loaded={step.loaded_bytes} total={step.total_bytes} />;
  if (kept) return <Progress label="Keeping the app on this device" loaded={kept.loaded} total={kept.total} />;
  return <Progress label="Starting" loaded={0} total={0} />;
}

export function BootView() {
  const { phase, failure, owner } = state.value;
  if (phase === 'failed') {
    return (
      <Screen title="Cloche could not start">
        <p role="alert">
          {failure?.message} {failure?.action}
        </p>
        <button class="button primary" type="button" onClick={boot}>
          Retry
        </button>
      </Screen>
    );
  }
  if (owner !== 'this') {
    return (
      <Screen title={owner === 'other' ? 'Cloche is open in another tab' : 'Cloche moved to another tab'}>
        <p>
          {owner === 'other'
            ? 'Your conversations can be open in one tab at a time. Here they would be taken from the other tab; nothing gets lost.'
            : 'Your conversations are now open there. Everything written here was kept.'}
        </p>
        <button class="button primary" type="button" onClick={useHere}>
          Use here
        </button>
      </Screen>
    );
  }
  return (
    <Screen title="Cloche">
      <p class="muted">A private AI workbench under glass: everything runs in this tab.</p>
      <Steps />
    </Screen>
  );
}
