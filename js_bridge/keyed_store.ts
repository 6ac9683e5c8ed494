/**
 * Values under names in an IndexedDB of their own, for what SQLite cannot hold: files, handles, what only a page needs.
 *
 * Owns opening the database and committing at once. What is kept and under which name, its users say.
 */
export class KeyedStore {
  private opening: Promise<IDBDatabase> | undefined;

  constructor(
    private readonly database: string,
    private readonly store: string,
  ) {}

  /** What is kept under the name, or undefined. */
  read(key: string): Promise<unknown> {
    return this.use('readonly', (store) => store.get(key));
  }

  async keep(key: string, value: unknown): Promise<void> {
    await this.use('readwrite', (store) => store.put(value, key));
  }

  async remove(key: string): Promise<void> {
    await this.use('readwrite', (store) => store.delete(key));
  }

  private async use<T>(mode: IDBTransactionMode, use: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const transaction = (await this.opened()).transaction(this.store, mode);
    const request = use(transaction.objectStore(this.store));
    // At once: a page that goes away takes back what has not been committed.
    transaction.commit();
    return done(request);
  }

  private opened(): Promise<IDBDatabase> {
    this.opening ??= (() => {
      const request = indexedDB.open(this.database, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(this.store);
      return done(request);
    })();
    return this.opening;
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('The browser could not keep it.'));
  });
}
