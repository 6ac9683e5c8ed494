/** The view "Trace": what happened in each turn of a conversation, and how long it took. Owns the search and what is open. */
import { useEffect, useState } from 'preact/hooks';
import { Download, Trash2 } from 'lucide';
import type { TraceEvent } from '../../js_bridge/contract.gen';
import { report } from '../actions';
import { count, duration, time } from '../figures';
import { Icon } from '../parts/icon';
import { addressOf, chatAddress, go } from '../routes';
import { connection, sessions, toast } from '../store';
import { matches, turnsOf, type Part, type Span, type TracedTurn } from '../trace';
import { save } from '../transfer';

function Parts({ parts }: { parts: readonly Part[] }) {
  const all = parts.reduce((sum, { tokens }) => sum + tokens, 0);
  if (all === 0) return null;
  return (
    <ul class="trace-parts" aria-label="Tokens of the prompt by part, estimated">
      {parts.map(({ name, tokens }) => (
        <li key={name}>
          <span>{name}</span>
          <span class="bar" aria-hidden="true">
            <span style={{ width: `${(100 * tokens) / all}%` }} />
          </span>
          <span class="figure">about {count(Math.round(tokens), 'token')}</span>
        </li>
      ))}
    </ul>
  );
}

function SpanRow({ span, turn }: { span: Span; turn: TracedTurn }) {
  const share = (seconds: number): string => `${Math.min(100, (100 * seconds) / Math.max(turn.length, 0.001))}%`;
  const took = span.end === null ? null : span.end - span.start;
  return (
    <li class={`trace-span ${span.kind}`}>
      <details>
        <summary>
          <span class="trace-label">
            {span.label}
            {span.hook && <span class="tag">{span.hook}</span>}
          </span>
          <span class="trace-track" aria-hidden="true">
            <span style={{ left: share(span.start), width: took === null ? '2px' : `max(2px, ${share(took)})` }} />
          </span>
          <span class="figure muted">{took === null ? `at ${duration(span.start * 1000)}` : duration(took * 1000)}</span>
        </summary>
        {span.details.map((event) => (
          <figure key={event.seq}>
            <figcaption class="muted">{event.event}</figcaption>
            <pre tabIndex={0} aria-label={event.event}>
              {JSON.stringify(event.data, null, 2)}
            </pre>
          </figure>
        ))}
      </details>
      <Parts parts={span.parts} />
    </li>
  );
}

function Turn({ turn, query }: { turn: TracedTurn; query: string }) {
  const spans = turn.spans.filter((span) => matches(span, query));
  if (spans.length === 0) return null;
  const heading = `turn-${turn.id}`;
  return (
    <section class="card" aria-labelledby={heading}>
      <header>
        <h2 id={heading}>{turn.prompt.slice(0, 120) || 'A picture'}</h2>
        <p class="muted figure">
          {time(turn.at)} · {duration(turn.length * 1000)}
        </p>
      </header>
      <ol class="trace">
        {spans.map((span) => (
          <SpanRow key={span.key} span={span} turn={turn} />
        ))}
      </ol>
    </section>
  );
}

export function TraceView({ sessionId }: { sessionId: string | null }) {
  const [events, setEvents] = useState<readonly TraceEvent[]>([]);
  const [query, setQuery] = useState('');
  const session = sessions.value.find(({ id }) => id === sessionId) ?? (sessionId === null ? sessions.value[0] : undefined);
  const id = session?.id;
  useEffect(() => {
    if (!id) return setEvents([]);
    let shown = true;
    connection.call('trace.read', { session_id: id }).then((log) => shown && setEvents(log.events), report);
    return () => void (shown = false);
  }, [id, session?.updated_at, session?.working]);

  const exportEvents = (): void => {
    if (id) connection.call('trace.export', { session_id: id }).then(save, report);
  };
  const clear = async (): Promise<void> => {
    if (!id) return;
    await connection.call('trace.clear', { session_id: id });
    setEvents([]);
    toast('The trace was deleted; the conversation is as it was.');
  };
  const turns = turnsOf(events);
  return (
    <div class="page" tabIndex={-1}>
      <section class="card" aria-label="Which trace">
        <p>
          What happened in each turn: the prompt, the model, the tools, what hooks changed. It is kept on this device, without
          keys and passwords, and goes with the conversation.
        </p>
        <div class="field">
          <label for="trace-session">Conversation</label>
          <select id="trace-session" value={id ?? ''} onChange={({ currentTarget }) => go(addressOf({ view: 'trace', sessionId: currentTarget.value }))}>
            {sessions.value.map(({ id: option, title }) => (
              <option key={option} value={option}>
                {title}
              </option>
            ))}
          </select>
        </div>
        <div class="field">
          <label for="trace-search">Search in this trace</label>
          <input id="trace-search" type="search" value={query} maxLength={200} onInput={({ currentTarget }) => setQuery(currentTarget.value)} />
        </div>
        <div class="row">
          {id && <a href={chatAddress(id)}>Open the conversation</a>}
          <button class="button" type="button" disabled={events.length === 0} onClick={exportEvents}>
            <Icon of={Download} /> Export as JSONL
          </button>
          <button class="button" type="button" disabled={events.length === 0} onClick={() => void clear().catch(report)}>
            <Icon of={Trash2} /> Delete trace
          </button>
        </div>
        <p class="muted figure" role="status">
          {events.length === 0 ? 'Nothing was recorded here yet. Send a message and come back.' : `${count(events.length, 'event')} in ${count(turns.length, 'turn')}`}
        </p>
      </section>
      {turns.map((turn) => (
        <Turn key={turn.id} turn={turn} query={query} />
      ))}
    </div>
  );
}
