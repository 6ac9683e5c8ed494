/** Under the button "Export": the conversation on screen as a file. Owns the button and the panel. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { Download, FileJson, FileText } from 'lucide';
import { exportOpen, openSession } from '../store';
import { exportSession } from '../transfer';
import { useReturnFocus } from './focus';
import { Icon } from './icon';

function ExportPanel({ sessionId, anchor }: { sessionId: string; anchor: () => HTMLElement | null }) {
  const first = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => first.current?.focus(), []);
  useReturnFocus(() => anchor()?.querySelector('button') ?? null);
  useEffect(() => {
    const outside = (event: PointerEvent): void => {
      if (!anchor()?.contains(event.target as Node)) exportOpen.value = false;
    };
    addEventListener('pointerdown', outside);
    return () => removeEventListener('pointerdown', outside);
  }, []);
  const choose = (format: 'json' | 'markdown') => () => {
    exportOpen.value = false;
    void exportSession(sessionId, format);
  };
  return (
    <section class="popover" id="export-panel" aria-label="Export this conversation">
      <button ref={first} class="button" type="button" aria-describedby="export-markdown" onClick={choose('markdown')}>
        <Icon of={FileText} /> Export as Markdown
      </button>
      <p class="muted" id="export-markdown">
        What is on screen, with its pictures, to be read anywhere.
      </p>
      <button class="button" type="button" aria-describedby="export-json" onClick={choose('json')}>
        <Icon of={FileJson} /> Export as JSON
      </button>
      <p class="muted" id="export-json">
        Everything, with all versions. Either file can be imported again, in Settings.
      </p>
    </section>
  );
}

export function ExportButton() {
  const root = useRef<HTMLDivElement>(null);
  const { value: session } = openSession;
  if (!session || session.message_count === 0) return null;
  const open = exportOpen.value;
  return (
    <div class="model" ref={root}>
      <button
        class="tool"
        type="button"
        aria-label="Export"
        title="Export this conversation"
        aria-expanded={open}
        aria-controls={open ? 'export-panel' : undefined}
        onClick={() => (exportOpen.value = !open)}
      >
        <Icon of={Download} />
      </button>
      {open && <ExportPanel sessionId={session.id} anchor={() => root.current} />}
    </div>
  );
}
