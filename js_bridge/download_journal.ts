/**
 * What is known of a file while it is fetched and after: which bytes of it are on the disk for sure.
 *
 * Owns the form of the record, one line a fact, only ever appended: a line that was torn by a crash is not there. The
 * first line says what is being fetched; `<part> <bytes>` how much of a part is durable; `<part> #<sum>` the checksum of
 * a whole part; `= <sha256>` that the file is whole and right. The checksums find the part in which a byte has changed.
 */

import type { SyncFile } from './opfs_fs';

/** What is being fetched. `etag` "" and `part_bytes` 0: the server has none, knows no ranges. */
export interface JournalHead {
  size: number;
  etag: string;
  part_bytes: number;
}

export class Journal {
  head: JournalHead | undefined;
  /** Durable bytes of each part. */
  readonly durable: number[] = [];
  /** Checksums of the parts that have been hashed. */
  readonly sums: string[] = [];
  sha256 = '';
  private end = 0;

  private constructor(private readonly file: SyncFile | undefined) {}

  static open(file: SyncFile): Journal {
    const bytes = new Uint8Array(file.getSize());
    file.read(bytes, { at: 0 });
    const journal = new Journal(file);
    journal.read(new TextDecoder().decode(bytes));
    return journal;
  }

  /** A journal that is only looked at. */
  static of(text: string): Journal {
    const journal = new Journal(undefined);
    journal.read(text);
    return journal;
  }

  get durableBytes(): number {
    return this.durable.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Forgets everything and begins with another file, or with none. */
  begin(head?: JournalHead): void {
    this.head = head;
    this.durable.length = this.sums.length = this.end = 0;
    this.sha256 = '';
    this.file?.truncate(0);
    if (head) this.append(JSON.stringify(head));
  }

  /** So much of a part is durable: the caller has flushed the data before. */
  note(part: number, bytes: number): void {
    this.durable[part] = bytes;
    if (bytes === 0) delete this.sums[part];
    this.append(`${part} ${bytes}`);
  }

  sum(part: number, checksum: string): void {
    if (this.sums[part] === checksum) return;
    this.sums[part] = checksum;
    this.append(`${part} #${checksum}`);
  }

  whole(sha256: string): void {
    this.sha256 = sha256;
    this.append(`= ${sha256}`);
  }

  flush(): void {
    this.file?.flush();
  }

  close(): void {
    this.file?.close();
  }

  private append(line: string): void {
    const bytes = new TextEncoder().encode(`${line}\n`);
    writeAll(this.file!, bytes, this.end);
    this.end += bytes.length;
  }

  private read(text: string): void {
    const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
    this.end = new TextEncoder().encode(lines.join('\n')).length;
    for (const line of lines) {
      if (!this.head) {
        this.head = parsedHead(line);
        if (!this.head) return;
        continue;
      }
      const [, part, sum, bytes] = /^(\d+) (?:#([0-9a-f]+)|(\d+))$/.exec(line) ?? [];
      if (sum) this.sums[Number(part)] = sum;
      else if (bytes) {
        this.durable[Number(part)] = Number(bytes);
        if (Number(bytes) === 0) delete this.sums[Number(part)];
      } else if (line.startsWith('= ')) this.sha256 = line.slice(2);
    }
    for (let part = 0; part < this.durable.length; part++) this.durable[part] ??= 0;
  }
}

function parsedHead(line: string): JournalHead | undefined {
  try {
    const { size, etag, part_bytes } = JSON.parse(line) as JournalHead;
    return Number.isSafeInteger(size) && Number.isSafeInteger(part_bytes) ? { size, etag, part_bytes } : undefined;
  } catch {
    return undefined;
  }
}

/** Writes all of it, or throws a DOMException "QuotaExceededError". */
export function writeAll(file: SyncFile, bytes: Uint8Array, at: number): void {
  const written = file.write(bytes as Uint8Array<ArrayBuffer>, { at });
  if (written < bytes.byteLength) throw new DOMException('The disk took only a part.', 'QuotaExceededError');
}
