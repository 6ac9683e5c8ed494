/** Pyodide's SQLite on OPFS: what was committed stays, whatever happens to the worker or the disk. */
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { Rpc } from '../../js_bridge/rpc';
import type { SqliteMethods } from './sqlite.worker';

const CONNECT = `
import sqlite3
db = sqlite3.connect("/data/app.db", isolation_level=None)
db.execute("PRAGMA journal_mode=PERSIST")
db.execute("PRAGMA locking_mode=EXCLUSIVE")
`;
const CREATE = `${CONNECT}
db.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
`;
const COUNT = 'db.execute("SELECT count(*) FROM notes").fetchone()[0]';
const INTEGRITY = 'db.execute("PRAGMA integrity_check").fetchone()[0]';

let folder = '';

beforeEach(() => {
  folder = `test-${crypto.randomUUID()}`;
  onTestFinished(async () => {
    const root = await navigator.storage.getDirectory();
    await root.removeEntry(folder, { recursive: true }).catch(() => undefined);
  });
});

/** A fresh Pyodide whose /data is this test's folder. */
async function sqlite() {
  const worker = new Worker(new URL('./sqlite.worker.ts', import.meta.url), { type: 'module' });
  onTestFinished(() => worker.terminate());
  const rpc = new Rpc<SqliteMethods>(worker);
  await rpc.call('open', { folder });
  const python = (code: string) => rpc.call('python', { code });
  /** Ends the worker without letting it close anything, as closing the tab does. */
  const kill = (): void => worker.terminate();
  const close = async (): Promise<void> => {
    await python('db.close()');
    await rpc.call('close', null);
    worker.terminate();
  };
  const fault = (wanted: SqliteMethods['fault']['params']) => rpc.call('fault', wanted);
  return { python, kill, close, fault };
}

async function sizes(): Promise<Record<string, number>> {
  const root = await navigator.storage.getDirectory();
  const directory = await root.getDirectoryHandle(folder);
  const found: Record<string, number> = {};
  for (const name of ['app.db', 'app.db-journal']) {
    found[name] = (await (await directory.getFileHandle(name)).getFile()).size;
  }
  return found;
}

describe('transactions', () => {
  test('are kept for the next Pyodide instance, and a rollback leaves nothing', async () => {
    const first = await sqlite();
    await first.python(CREATE);
    await first.python(`
for n in range(200):
    db.execute("INSERT INTO notes (text) VALUES (?)", (f"note {n} " * 50,))
db.execute("BEGIN"); db.execute("DELETE FROM notes"); db.execute("ROLLBACK")`);
    await first.close();
    const second = await sqlite();
    await second.python(CONNECT);
    expect(await second.python(COUNT)).toBe(200);
    expect(await second.python('db.execute("SELECT text FROM notes WHERE id = 200").fetchone()[0][:8]')).toBe('note 199');
    expect(await second.python(INTEGRITY)).toBe('ok');
    await second.close();
  });

  test('work with images, full-text search and a vacuum', async () => {
    const first = await sqlite();
    await first.python(`${CREATE}
import hashlib
blob = bytes(range(256)) * 8192
db.execute("CREATE TABLE images (data BLOB)")
db.execute("INSERT INTO images VALUES (?)", (blob,))
db.execute("CREATE VIRTUAL TABLE words USING fts5(text)")
db.execute("BEGIN")
db.executemany("INSERT INTO words VALUES (?)", [(f"a glass bell number {n}",) for n in range(500)])
db.execute("COMMIT")
db.execute("DELETE FROM words WHERE rowid > 10")
db.execute("VACUUM")`);
    await first.close();
    const second = await sqlite();
    await second.python(CONNECT);
    expect(await second.python('db.execute("SELECT count(*) FROM words WHERE words MATCH ?", ("bel*",)).fetchone()[0]')).toBe(10);
    expect(await second.python('db.execute("SELECT data FROM images").fetchone()[0] == bytes(range(256)) * 8192')).toBe(true);
    expect(await second.python(INTEGRITY)).toBe('ok');
    await second.close();
  });

  test.each(['DELETE', 'TRUNCATE', 'PERSIST'])('are durable with journal_mode=%s', async (mode) => {
    const first = await sqlite();
    await first.python(`${CREATE}
db.execute("PRAGMA locking_mode=NORMAL")
db.execute("PRAGMA journal_mode=${mode}")
for n in range(20):
    db.execute("INSERT INTO notes (text) VALUES ('kept')")
`);
    await first.close();
    const second = await sqlite();
    await second.python(CONNECT);
    expect(await second.python(COUNT)).toBe(20);
    await second.close();
  });
});

describe('a worker that ends in the middle of a transaction', () => {
  test('leaves a journal from which the next one restores what was committed', async () => {
    const first = await sqlite();
    await first.python(`${CREATE}
db.execute("BEGIN")
db.executemany("INSERT INTO notes (text) VALUES (?)", [("committed " * 40,)] * 500)
db.execute("COMMIT")
db.execute("PRAGMA cache_size = 5")
db.execute("BEGIN")
db.execute("UPDATE notes SET text = 'half-way'")
db.executemany("INSERT INTO notes (text) VALUES (?)", [("half-way " * 40,)] * 500)`);
    const before = await sizes();
    expect(before['app.db-journal']).toBeGreaterThan(0);
    first.kill();
    const second = await sqlite();
    await second.python(CONNECT);
    expect(await second.python(INTEGRITY)).toBe('ok');
    expect(await second.python(COUNT)).toBe(500);
    expect(await second.python(`db.execute("SELECT count(*) FROM notes WHERE text LIKE 'half%'").fetchone()[0]`)).toBe(0);
    await second.close();
  });

  test('keeps single inserts that were committed just before', async () => {
    const first = await sqlite();
    await first.python(`${CREATE}
db.execute("INSERT INTO notes (text) VALUES ('last words')")`);
    first.kill();
    const second = await sqlite();
    await second.python(CONNECT);
    expect(await second.python('db.execute("SELECT text FROM notes").fetchall()')).toEqual([['last words']]);
    await second.close();
  });
});

describe('a failing disk', () => {
  test('that is full is told as such and costs nothing that was kept', async () => {
    const first = await sqlite();
    await first.python(`${CREATE}
db.executemany("INSERT INTO notes (text) VALUES (?)", [("kept",)] * 10)`);
    await first.fault({ kind: 'quota', afterBytes: 64 * 1024 });
    const insert = `db.execute("INSERT INTO notes (text) VALUES (?)", ("x" * 1_000_000,))`;
    await expect(first.python(insert)).rejects.toMatchObject({
      code: 'OperationalError',
      message: 'database or disk is full',
    });
    expect(await first.python(COUNT)).toBe(10);
    await first.fault(null);
    await first.python(`db.execute("INSERT INTO notes (text) VALUES ('room again')")`);
    expect(await first.python(COUNT)).toBe(11);
    await first.close();
    const second = await sqlite();
    await second.python(CONNECT);
    expect(await second.python(COUNT)).toBe(11);
    expect(await second.python(INTEGRITY)).toBe('ok');
    await second.close();
  });

  test('that breaks otherwise is an I/O error, and the data is whole afterwards', async () => {
    const first = await sqlite();
    await first.python(`${CREATE}
db.executemany("INSERT INTO notes (text) VALUES (?)", [("kept",)] * 10)`);
    await first.fault({ kind: 'io', afterBytes: 64 * 1024 });
    const insert = `db.execute("INSERT INTO notes (text) VALUES (?)", ("x" * 1_000_000,))`;
    await expect(first.python(insert)).rejects.toMatchObject({ message: 'disk I/O error' });
    first.kill();
    const second = await sqlite();
    await second.python(CONNECT);
    expect(await second.python(COUNT)).toBe(10);
    expect(await second.python(INTEGRITY)).toBe('ok');
    await second.close();
  });
});

describe('the directory', () => {
  test('shows only files that exist for SQLite', async () => {
    const only = await sqlite();
    expect(await only.python('import os\nos.listdir("/data")')).toEqual([]);
    await only.python(CREATE);
    expect(await only.python('sorted(os.listdir("/data"))')).toEqual(['app.db', 'app.db-journal']);
    expect(await only.python('os.path.getsize("/data/app.db") == db.execute("PRAGMA page_count").fetchone()[0] * 4096')).toBe(true);
    await only.python('db.close()\nos.unlink("/data/app.db-journal")');
    expect(await only.python('os.listdir("/data")')).toEqual(['app.db']);
    await expect(only.python('open("/data/other.txt", "w")')).rejects.toMatchObject({ code: 'PermissionError' });
  });

  test('reads and writes parts of a file like any other', async () => {
    const only = await sqlite();
    const code = `
with open("/data/app.db", "w+b") as file:
    file.write(b"0123456789")
    file.seek(-3, 2); tail = file.read(10).decode()
    file.seek(2); file.seek(1, 1); middle = file.read(2).decode()
    file.seek(20); file.write(b"x"); file.seek(0); size = len(file.read())
    file.truncate(4)
[tail, middle, size, open("/data/app.db", "rb").read().decode()]`;
    expect(await only.python(code)).toEqual(['789', '34', 21, '0123']);
  });
});
