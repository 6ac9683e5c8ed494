/** One session in the side bar: opened by a link, renamed in place, deleted with a way back. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Pencil, Trash2 } from 'lucide';
import { LIMITS, type Session } from '../../js_bridge/contract.gen';
import { deleteSession, renameSession } from '../actions';
import { chatAddress } from '../routes';
import { drawerOpen } from '../store';
import { useReturnFocus } from './focus';
import { Icon } from './icon';
import { memo } from './memo';

function TitleEditor({ session, close }: { session: Session; close: () => void }) {
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.select(), []);
  useReturnFocus(() => document.querySelector(`a[href="${chatAddress(session.id)}"]`));
  const save = (): void => {
    void renameSession(session, field.current?.value ?? '');
    close();
  };
  return (
    <form
      class="title-editor"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <input
        ref={field}
        aria-label="Title"
        defaultValue={session.title}
        maxLength={LIMITS.SessionRename.title.maxLength}
        onBlur={save}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.stopPropagation();
          close();
        }}
      />
    </form>
  );
}

export const SessionRow = memo(({ session, current }: { session: Session; current: boolean }) => {
  const [renaming, setRenaming] = useState(false);
  if (renaming) {
    return (
      <li class="session">
        <TitleEditor session={session} close={() => setRenaming(false)} />
      </li>
    );
  }
  return (
    <li class={`session ${current ? 'current' : ''}`}>
      <a
        href={chatAddress(session.id)}
        title={session.title}
        aria-current={current ? 'page' : undefined}
        onClick={() => (drawerOpen.value = false)}
        onDblClick={() => setRenaming(true)}
      >
        <span class="title">{session.title}</span>
        {session.working && <span class="pulse" role="img" aria-label="being answered" />}
      </a>
      <span class="session-tools">
        <button class="tool" type="button" aria-label={`Rename ${session.title}`} title="Rename" onClick={() => setRenaming(true)}>
          <Icon of={Pencil} />
        </button>
        <button class="tool" type="button" aria-label={`Delete ${session.title}`} title="Delete" onClick={() => void deleteSession(session)}>
          <Icon of={Trash2} />
        </button>
      </span>
    </li>
  );
});
