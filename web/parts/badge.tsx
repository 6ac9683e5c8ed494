/** Says whether there is a network; Cloche works either way. */
import { signal } from '@preact/signals';
import { offlineReady } from '../service_worker';

const online = signal(navigator.onLine);
addEventListener('online', () => (online.value = true));
addEventListener('offline', () => (online.value = false));

export function Badge() {
  const kept = offlineReady.value ? 'Everything needed is kept on this device.' : 'The app is not yet kept for offline use.';
  const title = online.value ? `The network is there, but nothing is sent unless you add a provider or fetch a model. ${kept}` : `No network. ${kept}`;
  return (
    <span class={`badge ${online.value ? '' : 'off'}`} role="status" title={title}>
      {online.value ? 'Online' : 'Offline'}
    </span>
  );
}
