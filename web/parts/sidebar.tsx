/** The side bar: new chat, search, sessions by day, the other views. On narrow screens it is a drawer. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Activity, Box, ConciergeBell, Plug, ScanEye, Search, Settings as Cog, SquarePen, SquareTerminal, X } from 'lucide';
import { newChat } from '../actions';
import { dayGroup } from '../figures';
import { addressOf, route } from '../routes';
import { drawerOpen, openSession, sessions } from '../store';
import { Badge } from './badge';
import { named, returnFocus } from './focus';
import { Icon } from './icon';
import { SearchResults } from './search_results';
import { SessionRow } from './session_row';

function Sessions() {
  const { value } = route;
  const current = value.view === 'chat' ? value.sessionId : null;
  if (sessions.value.length === 0) return <p class="group">Your conversations will be listed here.</p>;
  const groups = Map.groupBy(sessions.value, ({ updated_at }) => dayGroup(updated_at));
  return (
    <>
      {[...groups].map(([day, group]) => (
        <section key={day} aria-label={day}>
          <h2 class="group">{day}</h2>
          <ul>
            {group.map((session) => (
              <SessionRow key={session.id} session={session} current={session.id === current} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function Links() {
  const close = (): void => {
    drawerOpen.value = false;
  };
  const current = (view: string) => (route.value.view === view ? 'page' : undefined);
  return (
    <nav class="views" aria-label="Views">
      <a href={addressOf({ view: 'live' })} aria-current={current('live')} onClick={close}>
        <Icon of={ScanEye} /> Live
      </a>
      <a href={addressOf({ view: 'python' })} aria-current={current('python')} onClick={close}>
        <Icon of={SquareTerminal} /> Python
      </a>
      <a
        href={addressOf({ view: 'trace', sessionId: openSession.value?.id ?? null })}
        aria-current={current('trace')}
        onClick={close}
      >
        <Icon of={Activity} /> Trace
      </a>
      <a href={addressOf({ view: 'share' })} aria-current={current('share')} onClick={close}>
        <Icon of={Plug} /> Share
      </a>
      <a href={addressOf({ view: 'models' })} aria-current={current('models')} onClick={close}>
        <Icon of={Box} /> Models
      </a>
      <a href={addressOf({ view: 'settings' })} aria-current={current('settings')} onClick={close}>
        <Icon of={Cog} /> Settings
      </a>
    </nav>
  );
}

export function Sidebar({ narrow }: { narrow: boolean }) {
  const [query, setQuery] = useState('');
  const search = useRef<HTMLInputElement>(null);
  const wanted = query.trim();
  const open = drawerOpen.value;
  useLayoutEffect(() => {
    if (!narrow || !open) return;
    search.current?.focus();
    return () => queueMicrotask(() => returnFocus(named('Side bar')));
  }, [narrow, open]);
  return (
    <div class={`sidebar ${open ? 'open' : ''}`} id="sidebar" inert={narrow && !open}>
      <header class="brand">
        <Icon of={ConciergeBell} />
        <span>Cloche</span>
        <Badge />
        {narrow && (
          <button class="tool" type="button" aria-label="Close drawer" onClick={() => (drawerOpen.value = false)}>
            <Icon of={X} />
          </button>
        )}
      </header>
      {!narrow && (
        <button class="button new-chat" type="button" onClick={newChat}>
          <Icon of={SquarePen} /> New chat
        </button>
      )}
      <div class="search" role="search">
        <Icon of={Search} />
        <input
          ref={search}
          type="search"
          aria-label="Search conversations"
          placeholder="Search"
          maxLength={500}
          value={query}
          onInput={({ currentTarget }) => setQuery(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Escape' || !query) return;
            event.stopPropagation();
            setQuery('');
          }}
        />
      </div>
      <nav class="sessions" aria-label="Conversations">
        {wanted ? <SearchResults query={wanted} onChoose={() => (drawerOpen.value = false)} /> : <Sessions />}
      </nav>
      <Links />
    </div>
  );
}
