/** The frame of the app: side bar, header, the view of the route, notices; and the keys that work everywhere. */
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { followRoute, newChat } from '../actions';
import { CameraInUse } from '../parts/camera_in_use';
import { named } from '../parts/focus';
import { Header, titleOf } from '../parts/header';
import { Notices } from '../parts/notices';
import { OriginQuestion } from '../parts/origin_question';
import { Sidebar } from '../parts/sidebar';
import { route } from '../routes';
import { closePanels, drawerOpen, exportOpen, modelOpen, owner, parametersOpen, phase, storage } from '../store';
import { BootView } from './boot';
import { ChatView } from './chat';
import { LiveView } from './live';
import { ModelsView } from './models';
import { PythonView } from './python';
import { SettingsView } from './settings';
import { ShareView } from './share';
import { StorageView } from './storage';
import { TraceView } from './trace';

const NARROW = matchMedia('(max-width: 800px)');

function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(NARROW.matches);
  useEffect(() => {
    const look = (): void => setNarrow(NARROW.matches);
    NARROW.addEventListener('change', look);
    return () => NARROW.removeEventListener('change', look);
  }, []);
  return narrow;
}

function onKeyDown(event: KeyboardEvent): void {
  const control = event.ctrlKey || event.metaKey;
  const typing = (event.target as Element).matches('input, textarea, select');
  const run = (task: () => void): void => {
    event.preventDefault();
    task();
  };
  if (event.key === 'Escape' && closePanels()) event.preventDefault();
  else if (control && event.shiftKey && event.code === 'KeyO') run(newChat);
  else if (control && event.shiftKey && event.code === 'Comma') run(() => (parametersOpen.value = !parametersOpen.value));
  else if (control && !event.shiftKey && event.key === 'k') {
    run(() => {
      drawerOpen.value = NARROW.matches;
      named('Search conversations')?.focus();
    });
  } else if (event.key === '/' && !typing && !control) run(() => named('Message')?.focus());
}

function View() {
  const { value } = route;
  switch (value.view) {
    case 'chat':
      return <ChatView sessionId={value.sessionId} messageId={value.messageId} />;
    case 'live':
      return <LiveView />;
    case 'python':
      return <PythonView />;
    case 'trace':
      return <TraceView sessionId={value.sessionId} />;
    case 'share':
      return <ShareView />;
    case 'models':
      return <ModelsView />;
    case 'storage':
      return <StorageView />;
    case 'settings':
      return <SettingsView />;
  }
}

function App() {
  const narrow = useNarrow();
  useEffect(() => {
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, []);
  useLayoutEffect(() => {
    drawerOpen.value = false;
    exportOpen.value = false;
    void followRoute();
  }, [route.value]);
  useLayoutEffect(() => {
    modelOpen.value = false;
  }, [route.value.view]);
  useEffect(() => {
    document.title = `${titleOf()} · Cloche`;
  }, [titleOf()]);
  const covered = narrow && drawerOpen.value;
  return (
    <div class={`shell ${narrow ? 'narrow' : ''}`}>
      <Sidebar narrow={narrow} />
      {covered && <div class="scrim" onClick={() => (drawerOpen.value = false)} />}
      <main class="main" inert={covered}>
        <Header narrow={narrow} />
        {!storage.value.durable && (
          <p class="banner warning" role="status">
            Nothing will be kept when this tab closes. {storage.value.reason}
          </p>
        )}
        <OriginQuestion />
        <CameraInUse />
        <View />
      </main>
      <Notices />
    </div>
  );
}

export function Shell() {
  return phase.value === 'up' && owner.value === 'this' ? <App /> : <BootView />;
}
