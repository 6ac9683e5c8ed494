/** Starts the page: isolates the origin where the host does not, starts Python, mirrors the state onto <html>. */
import { effect } from '@preact/signals';
import { render } from 'preact';
import { boot, errorOf, report } from './actions';
import { closeLent, giveBack } from './lent_origins';
import { findBrowserModel } from './browser_model';
import { keepDownloadsInFolder } from './model_folder';
import { isolate, keepOffline } from './service_worker';
import { connection, currentState, dispatch, keeping, phase, settings } from './store';
import { serveVilaPorts } from './vila_ports';
import { Shell } from './views/shell';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/shell.css';
import './styles/sidebar.css';
import './styles/chat.css';
import './styles/composer.css';
import './styles/parameters.css';
import './styles/tools.css';
import './styles/providers.css';
import './styles/models.css';
import './styles/prose.css';
import './styles/pages.css';
import './styles/live.css';
import './styles/storage.css';
import './styles/python.css';
import './styles/trace.css';
import './styles/share.css';

const root = document.documentElement;

effect(() => {
  root.dataset['appState'] = currentState.value;
});
effect(() => {
  root.dataset['keeping'] = String(keeping.value);
});
effect(() => {
  const { theme } = settings.value;
  if (theme === 'system') delete root.dataset['theme'];
  else root.dataset['theme'] = theme;
});
addEventListener('unhandledrejection', (event) => report(event.reason));

const place = document.getElementById('app');
if (place) render(<Shell />, place);

connection.listen((events) => {
  for (const [name, data] of events) {
    if (name === 'app:ready') closeLent().catch(report);
    else if (name === 'origins:released') giveBack(data.origins).catch(report);
  }
});

if (await isolate()) {
  boot();
  serveVilaPorts();
  keepDownloadsInFolder();
  const stopWaiting = effect(() => {
    if (phase.value !== 'up') return;
    queueMicrotask(() => stopWaiting());
    findBrowserModel().catch(report);
    keepOffline().catch((thrown: unknown) => {
      const message = `Cloche could not be kept for offline use; everything else works. ${errorOf(thrown).message}`;
      dispatch(['notice', { level: 'warning', code: 'offline_failed', message, action: '' }]);
    });
  });
}
