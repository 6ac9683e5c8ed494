/** Everything the Live view saw: searched, copied, saved as a conversation. The newest come as events, older on demand. */
import { useEffect, useState } from 'preact/hooks';
import { Bell, Copy, MessageSquarePlus, Trash2 } from 'lucide';
import type { LiveCaption } from '../../js_bridge/contract.gen';
import { report } from '../actions';
import { count, duration } from '../figures';
import { findCaptions, saveCaptions } from '../live';
import { connection, dispatch, state, toast } from '../store';
import { Icon } from './icon';

const clock = (seconds: number): string => new Date(seconds * 1000).toLocaleTimeString('en', { hour12: false });

function Row({ caption, chosen, choose }: { caption: LiveCaption; chosen: boolean; choose: (chosen: boolean) => void }) {
  const { text, answer, fired, at, description } = caption;
  return (
    <li class={fired ? 'fired' : ''}>
      <input type="checkbox" aria-label={`Choose the caption of ${clock(at)}`} checked={chosen} onChange={({ currentTarget }) => choose(currentTarget.checked)} />
      <div>
        <p>
          {fired && <Icon of={Bell} />} {answer !== null && answer !== text && <strong>{answer} </strong>}
          {text}
        </p>
        <p class="muted figure">
          {clock(at)} · {description.total_ms !== null && `${duration(description.total_ms)} · `}
          {description.hardware}
          {description.images > 1 && ` · ${description.images} pictures`}
          {description.restarts > 0 && ' · engine restarted'}
        </p>
      </div>
    </li>
  );
}

export function LiveHistory() {
  const [query, setQuery] = useState('');
  const [older, setOlder] = useState<readonly LiveCaption[]>([]);
  const [total, setTotal] = useState(0);
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const newest = state.value.live.captions;
  useEffect(() => {
    let wanted = true;
    findCaptions(query).then((found) => {
      if (!wanted) return;
      setOlder(found.captions);
      setTotal(found.total);
    }, report);
    return () => void (wanted = false);
  }, [query]);

  const needle = query.trim().toLowerCase();
  const known = new Set(older.map(({ id }) => id));
  const fresh = newest.filter(({ id, text, answer }) => !known.has(id) && `${text} ${answer ?? ''}`.toLowerCase().includes(needle));
  const captions = [...fresh, ...older];
  const more = async (): Promise<void> => {
    const found = await findCaptions(query, older.at(-1)?.id ?? null);
    setOlder([...older, ...found.captions]);
  };
  const wanted = chosen.size > 0 ? captions.filter(({ id }) => chosen.has(id)) : captions;
  const copy = async (): Promise<void> => {
    const lines = wanted.toReversed().map(({ at, text, answer }) => `${clock(at)}  ${answer !== null && answer !== text ? `${answer}  ` : ''}${text}`);
    await navigator.clipboard.writeText(lines.join('\n'));
    toast(`${count(lines.length, 'caption')} copied.`);
  };
  const clear = async (): Promise<void> => {
    await connection.call('live.clear', {});
    setOlder([]);
    setTotal(0);
    setChosen(new Set());
    dispatch(['page:live-cleared', null]);
  };
  const empty = captions.length === 0;
  const what = chosen.size > 0 ? `${chosen.size} chosen` : 'all shown';
  return (
    <section class="card live-history" aria-labelledby="live-history">
      <h2 id="live-history">History</h2>
      <div class="row">
        <input type="search" aria-label="Search captions" placeholder="Search" maxLength={500} value={query} onInput={({ currentTarget }) => setQuery(currentTarget.value)} />
        <button class="button" type="button" disabled={empty} title={what} onClick={() => void copy().catch(report)}>
          <Icon of={Copy} /> Copy
        </button>
        <button class="button" type="button" disabled={empty} title={what} onClick={() => void saveCaptions(wanted.map(({ id }) => id))}>
          <Icon of={MessageSquarePlus} /> Save as conversation
        </button>
        <button class="button quiet" type="button" disabled={empty} onClick={() => void clear().catch(report)}>
          <Icon of={Trash2} /> Delete history
        </button>
      </div>
      <ol class="live-captions" aria-label="Captions" tabIndex={0}>
        {captions.map((caption) => (
          <Row
            key={caption.id}
            caption={caption}
            chosen={chosen.has(caption.id)}
            choose={(yes) => setChosen(new Set(yes ? [...chosen, caption.id] : [...chosen].filter((id) => id !== caption.id)))}
          />
        ))}
      </ol>
      {empty && <p class="muted">{query ? 'No caption has these words.' : 'Captions will be listed here, newest first, and stay after a reload.'}</p>}
      {older.length < total && (
        <button class="button" type="button" onClick={() => void more().catch(report)}>
          Show older ones
        </button>
      )}
    </section>
  );
}
