/** Shows "Install" when the browser offers to install the app. Owns the browser's offer. */
import { signal } from '@preact/signals';
import { Download } from 'lucide';
import { Icon } from './icon';

interface InstallOffer extends Event {
  prompt(): Promise<unknown>;
}

const offer = signal<InstallOffer | null>(null);
addEventListener('beforeinstallprompt', (event) => {
  event.preventDefault();
  offer.value = event as InstallOffer;
});
addEventListener('appinstalled', () => (offer.value = null));

export function InstallButton() {
  const { value } = offer;
  if (!value) return null;
  const install = (): void => {
    offer.value = null;
    void value.prompt();
  };
  return (
    <button class="button quiet" type="button" title="Install Cloche as an app on this device" onClick={install}>
      <Icon of={Download} /> Install
    </button>
  );
}
