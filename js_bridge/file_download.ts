/**
 * Brings one file over the network: several ranges of it at a time, from the last durable byte of each on.
 *
 * Owns the requests and what their answers mean: whether the server knows ranges, whether it is still the same file, what
 * is worth another attempt. Every request goes to the original address, so a redirect that has grown too old is simply
 * made anew. Does not own what is on the disk (parted_file.ts) nor how long to wait (patience.ts).
 */

import { chunksOf } from './chunks';
import type { FileFacts, ModelFile } from './contract.gen';
import { isFull, type Part, type PartedFile } from './parted_file';
import { Patience, retryAfter, Setback } from './patience';
import { RpcError } from './rpc';

/** A file may change under our hands so often. */
const MOST_RESTARTS = 3;

export interface DownloadOptions {
  baseUrl: string;
  signal: AbortSignal;
  partBytes: number;
  connections: number;
  stallMs: number;
  /** Why a request got no answer, where it is not worth another attempt. */
  held(address: URL): Promise<RpcError | undefined>;
  /** Hears how many bytes came. */
  onBytes(fetched: number): void;
}

/** What is here is of no use: another revision, a server that knows no ranges after all. */
class StartOver extends Error {}

export class FileDownload {
  /** The sha256 by which the hub names the file, where its answers let the page see it. */
  linkedSha256 = '';
  private readonly url: URL;
  private stop = new AbortController();
  private signal: AbortSignal;

  constructor(
    private readonly file: ModelFile,
    private readonly parted: PartedFile,
    private readonly patience: Patience,
    private readonly options: DownloadOptions,
  ) {
    this.url = new URL(file.url, options.baseUrl);
    this.signal = options.signal;
  }

  /** Fetches until every byte is here and hashed; whether it is the right file is for the caller to say. */
  async run(): Promise<FileFacts> {
    for (let restarts = 0; ; restarts++) {
      this.stop = new AbortController();
      this.signal = AbortSignal.any([this.options.signal, this.stop.signal]);
      try {
        await this.complete();
        return { name: this.file.name, size: this.parted.received, sha256: this.parted.digest() };
      } catch (thrown) {
        if (!(thrown instanceof StartOver)) throw thrown;
        if (restarts === MOST_RESTARTS) throw this.failed('it keeps changing while it is fetched');
        this.parted.discard();
      }
    }
  }

  private async complete(): Promise<void> {
    const { head } = this.parted;
    if (head && this.file.size > 0 && head.size > 0 && head.size !== this.file.size) throw new StartOver();
    const begun = head ? undefined : await this.begin();
    // A part that turned out damaged when it was hashed comes again.
    for (let first = begun; !this.parted.complete; first = undefined) {
      const lanes = Array.from({ length: this.options.connections }, (_, lane) => this.lane(lane === 0 ? first : undefined));
      await this.all([...lanes, this.parted.hashOn()]);
    }
  }

  /** The first answer says what the file is; its body is the first part. */
  private async begin(): Promise<Answer> {
    for (;;) {
      try {
        const answer = await this.request(0, this.options.partBytes - 1);
        this.parted.begin(this.describe(answer.response));
        return answer;
      } catch (thrown) {
        await this.patience.rest(this.setback(thrown), this.signal);
      }
    }
  }

  private describe(response: Response): { size: number; etag: string; part_bytes: number } {
    const range = response.status === 206 ? contentRange(response) : undefined;
    if (response.status === 206 && !range) {
      // Without a readable Content-Range only the card can tell the size.
      if (this.file.size === 0) throw this.failed('the server does not let this page see its size');
      return { size: this.file.size, etag: etagOf(response), part_bytes: this.options.partBytes };
    }
    const linked = /^"?([0-9a-f]{64})"?$/.exec(response.headers.get('X-Linked-Etag') ?? '');
    this.linkedSha256 = linked?.[1] ?? '';
    const size = range ? range.total : Number(response.headers.get('Content-Length') ?? 0);
    if (this.file.size > 0 && size > 0 && size !== this.file.size) {
      throw new RpcError(
        'file_corrupt',
        `${this.file.name} on the server has ${size} bytes, not the ${this.file.size} that the model's card promises.`,
        'The server has another version of this file; tell its owner, or choose another model.',
      );
    }
    return { size: size || this.file.size, etag: etagOf(response), part_bytes: range ? this.options.partBytes : 0 };
  }

  /** One connection: part after part, as long as there are any. */
  private async lane(begun: Answer | undefined): Promise<void> {
    for (let part; (part = this.parted.next()); begun = undefined) {
      part.busy = true;
      try {
        await this.bring(part, begun);
      } finally {
        part.busy = false;
      }
      if (this.parted.behind) await this.parted.hashOn();
    }
  }

  private async bring(part: Part, begun: Answer | undefined): Promise<void> {
    while (!isFull(part)) {
      try {
        await this.receive(part, begun ?? (await this.continued(part)));
      } catch (thrown) {
        await this.patience.rest(this.setback(thrown), this.signal);
      }
      begun = undefined;
    }
  }

  /** A request for the rest of a part, answered with exactly that of exactly that file; without ranges for all of it. */
  private async continued(part: Part): Promise<Answer> {
    const head = this.parted.head!;
    const ranged = head.part_bytes > 0;
    if (!ranged && part.received > 0) this.parted.rewind(part);
    const from = part.start + part.received;
    const answer = await (ranged ? this.request(from, part.start + part.length - 1) : this.request(0));
    const range = contentRange(answer.response);
    const etag = etagOf(answer.response);
    const placed = !range || (range.start === from && range.total === head.size);
    const same = !etag || !head.etag || etag === head.etag;
    if (answer.response.status === (ranged ? 206 : 200) && placed && same) return answer;
    answer.watchdog.end();
    throw new StartOver();
  }

  private async receive(part: Part, { response, watchdog }: Answer): Promise<void> {
    try {
      for await (const bytes of chunksOf(response.body)) {
        watchdog.feed();
        this.parted.write(part, bytes.subarray(0, part.length - part.received));
        this.patience.progress();
        this.options.onBytes(bytes.length);
        if (isFull(part)) return;
      }
    } finally {
      watchdog.end();
    }
    if (part.length !== Infinity) throw new TypeError('The answer was too short.');
    this.parted.end(part);
  }

  /** One GET; resolves for 200 and 206 only. Nothing is cached, so that a redirect is never an old one. */
  private async request(from: number, to?: number): Promise<Answer> {
    const watchdog = new Watchdog(this.options.stallMs);
    try {
      const response = await fetch(this.url, {
        cache: 'no-store',
        referrerPolicy: 'no-referrer',
        signal: AbortSignal.any([this.signal, watchdog.signal]),
        headers: to === undefined ? {} : { Range: `bytes=${from}-${to}` },
      });
      const { status } = response;
      watchdog.feed();
      if (status === 200 || status === 206) return { response, watchdog };
      if (status === 416) throw new StartOver();
      const error = this.refusal(response);
      // An address that the original one redirected to may have grown too old meanwhile.
      const passing = status === 408 || status === 429 || status >= 500 || response.redirected;
      throw passing ? new Setback(error, retryAfter(response.headers.get('Retry-After'))) : error;
    } catch (thrown) {
      watchdog.end();
      throw (thrown instanceof TypeError && (await this.options.held(this.url))) || thrown;
    }
  }

  private refusal({ status }: Response): RpcError {
    const { name } = this.file;
    if (status === 401 || status === 403) {
      return new RpcError(
        'fetch_failed',
        `The server answered ${status} for ${name}: it wants an account or a licence to be accepted first.`,
        'Download the file in another tab where you are signed in, then drop it here.',
      );
    }
    const retry = status === 404 ? 'Look whether the model has moved.' : 'Try again later; what is already here is kept.';
    return new RpcError('fetch_failed', `The server answered ${status} for ${name}.`, retry, status >= 429);
  }

  /** A failure that is worth another attempt; throws what is not. */
  private setback(thrown: unknown): Setback {
    this.signal.throwIfAborted();
    if (thrown instanceof Setback) return thrown;
    // fetch and its bodies fail with a TypeError when the network does.
    if (!(thrown instanceof TypeError)) throw thrown;
    const why = navigator.onLine ? 'the server could not be reached or broke off' : 'this device is offline';
    return new Setback(this.failed(why, true));
  }

  private failed(why: string, retryable = false): RpcError {
    const action = 'Check the connection and press Retry; what is already here is kept.';
    return new RpcError('fetch_failed', `${this.file.name} could not be fetched: ${why}.`, action, retryable);
  }

  /** Waits for all; the first failure ends the others, and nothing goes on behind the caller's back. */
  private async all(work: Promise<void>[]): Promise<void> {
    try {
      await Promise.all(work);
    } catch (thrown) {
      this.stop.abort();
      await Promise.allSettled(work);
      throw thrown;
    }
  }
}

/** An answer whose body is being waited for. */
interface Answer {
  response: Response;
  watchdog: Watchdog;
}

/** Breaks a request off on which nothing comes for a while, and lets go of one that is done with. */
class Watchdog {
  private readonly controller = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly ms: number) {
    this.feed();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  feed(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.controller.abort(new TypeError('Nothing came any more.')), this.ms);
  }

  end(): void {
    clearTimeout(this.timer);
    this.controller.abort();
  }
}

function contentRange(response: Response): { start: number; total: number } | undefined {
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '') ?? [];
  return total === undefined ? undefined : { start: Number(start), total: Number(total) };
}

/** The validator of a response; weak ones say nothing about bytes. */
function etagOf(response: Response): string {
  const etag = response.headers.get('ETag') ?? '';
  return etag.startsWith('W/') ? '' : etag;
}
