/**
 * What a stream brings, piece by piece.
 *
 * Stands in for `for await (const piece of stream)`, which WebKit lacks. A loop that is left early has
 * cancelled the stream before it goes on: a server may allow no second connection until then.
 */
export async function* chunksOf<T>(stream: ReadableStream<T> | null): AsyncGenerator<T, void, undefined> {
  if (!stream) return;
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    // After the end there is nothing to cancel, and a failure has been thrown already.
    await reader.cancel().catch(() => undefined);
  }
}
