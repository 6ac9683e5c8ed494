/** The bar over a view: its title, the model, and on narrow screens the way to the drawer and to a new chat. */
import { Menu, SquarePen } from 'lucide';
import { newChat } from '../actions';
import { route } from '../routes';
import { drawerOpen, openSession } from '../store';
import { ExportButton } from './export_menu';
import { Icon } from './icon';
import { InstallButton } from './install_button';
import { ModelButton } from './model_panel';

const TITLES = {
  live: 'Live',
  python: 'Python',
  trace: 'Trace',
  share: 'Share',
  models: 'Models',
  storage: 'Storage',
  settings: 'Settings',
};

export function titleOf(): string {
  const { view } = route.value;
  return view === 'chat' ? (openSession.value?.title ?? 'New conversation') : TITLES[view];
}

export function Header({ narrow }: { narrow: boolean }) {
  return (
    <header class="header">
      {narrow && (
        <button
          class="tool"
          type="button"
          aria-label="Side bar"
          aria-expanded={drawerOpen.value}
          aria-controls="sidebar"
          onClick={() => (drawerOpen.value = true)}
        >
          <Icon of={Menu} />
        </button>
      )}
      <h1>{titleOf()}</h1>
      <InstallButton />
      {route.value.view === 'chat' && <ExportButton />}
      <ModelButton />
      {narrow && (
        <button class="tool" type="button" aria-label="New chat" title="New chat" onClick={newChat}>
          <Icon of={SquarePen} />
        </button>
      )}
    </header>
  );
}
