/** Sessions and messages that hold the searched words. Python searches; this shows excerpts with the words marked. */
import { useEffect, useState } from 'preact/hooks';
import type { SearchHit } from '../../js_bridge/contract.gen';
import { errorOf } from '../actions';
import { chatAddress } from '../routes';
import { connection } from '../store';

const START = '\u0002';
const END = '\u0003';

/** An excerpt as pieces, marked or not. */
export function pieces(excerpt: string): { text: string; marked: boolean }[] {
  return excerpt.split(START).flatMap((piece, index) => {
    const [hit = '', rest] = index === 0 ? [undefined, piece] : piece.split(END, 2);
    return [
      { text: hit, marked: true },
      { text: rest ?? '', marked: false },
    ].filter(({ text }) => text !== '');
  });
}

function Excerpt({ text }: { text: string }) {
  return (
    <span class="excerpt">
      {pieces(text).map((piece, index) => (piece.marked ? <mark key={index}>{piece.text}</mark> : piece.text))}
    </span>
  );
}

export function SearchResults({ query, onChoose }: { query: string; onChoose: () => void }) {
  const [hits, setHits] = useState<readonly SearchHit[] | null>(null);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    const search = new AbortController();
    connection.call('session.search', { query }, { signal: search.signal }).then(
      (found) => {
        setProblem('');
        setHits(found);
      },
      (thrown: unknown) => {
        if (!search.signal.aborted) setProblem(errorOf(thrown).message);
      },
    );
    return () => search.abort();
  }, [query]);
  const summary = hits === null ? 'Searching' : hits.length === 0 ? 'Nothing found.' : `${hits.length} found`;
  return (
    <div class="search-results">
      <p class="group" role="status">
        {problem || summary}
      </p>
      <ul>
        {hits?.map((hit) => (
          <li key={`${hit.session_id} ${hit.message_id}`}>
            <a class="hit" href={chatAddress(hit.session_id, hit.message_id)} onClick={onChoose}>
              <span class="title">{hit.title}</span>
              {hit.message_id && <Excerpt text={hit.excerpt} />}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}
