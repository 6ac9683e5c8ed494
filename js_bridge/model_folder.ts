/**
 * A folder on the person's disk whose models run from where they lie, with no copy in the browser.
 *
 * Owns whether it may be read now, which GGUF files lie in it, and putting a model there. A card's file lies in the folder
 * when its address is `folder:<path>`. Which folder it is, is folder_handle.ts.
 */
import type { CopyProgress, FolderFile, FolderFiles, FolderPiece, ReadFolder, TakeIntoFolder } from './contract.gen';
import { Journal } from './download_journal';
import { exclusively } from './file_fetch';
import { chosenFolder } from './folder_handle';
import { isNamed, type ModelStore, unlessMissing } from './model_files';
import { inspect } from './parted_file';
import { RpcError } from './rpc';

export const SCHEME = 'folder:';
/** A folder that was chosen by mistake, such as a whole disk, is not walked through for ever. */
const DEEPEST = 4;
const MOST_ENTRIES = 20_000;
const STATES = { granted: 'open', prompt: 'ask', denied: 'denied' } as const;

/** Every GGUF file in it, and whether it may be read at all. */
export async function listFolder(): Promise<FolderFiles> {
  const folder = await chosenFolder();
  if (!folder) return { state: 'none', name: '', files: [] };
  const { name } = folder;
  const state = STATES[await folder.queryPermission({ mode: 'read' })];
  if (state !== 'open') return { state, name, files: [] };
  try {
    const files: FolderFile[] = [];
    await walk(folder, '', { files, seen: 0 });
    return { state, name, files };
  } catch (thrown) {
    if (isNamed(thrown, 'NotFoundError')) return { state: 'gone', name, files: [] };
    if (isNamed(thrown, 'NotAllowedError')) return { state: 'ask', name, files: [] };
    throw thrown;
  }
}

async function walk(folder: FileSystemDirectoryHandle, path: string, found: { files: FolderFile[]; seen: number }): Promise<void> {
  for await (const [name, entry] of folder.entries()) {
    if (++found.seen > MOST_ENTRIES) return;
    if (name.startsWith('.')) continue;
    if (entry.kind === 'directory') {
      if (path.split('/').length <= DEEPEST) await walk(entry as FileSystemDirectoryHandle, `${path}${name}/`, found);
    } else if (/\.gguf$/i.test(name)) {
      const { size } = await (entry as FileSystemFileHandle).getFile();
      found.files.push({ path: path + name, size });
    }
  }
}

/** The file at this path as it lies on the disk; its bytes are read when somebody reads them. */
export async function fileInFolder(path: string): Promise<File> {
  const folder = await chosenFolder();
  if (!folder) throw closed('The folder on the disk that held this model was forgotten.', 'Choose the folder again under Models.');
  try {
    const steps = path.split('/');
    const name = steps.pop() as string;
    let inside: FileSystemDirectoryHandle = folder;
    for (const step of steps) inside = await inside.getDirectoryHandle(step);
    return await (await inside.getFileHandle(name)).getFile();
  } catch (thrown) {
    if (isNamed(thrown, 'NotFoundError')) {
      throw closed(`${path} is no longer in the folder "${folder.name}".`, 'Put it back, or choose another model under Models.');
    }
    throw closed(
      `The browser does not let this page read the folder "${folder.name}" any more.`,
      'Open Models and press "Allow again", or choose another model.',
    );
  }
}

/** The beginning of a file in it. */
export async function readFolder({ path, length }: ReadFolder): Promise<FolderPiece> {
  return { bytes: new Uint8Array(await (await fileInFolder(path)).slice(0, length).arrayBuffer()) };
}

/**
 * Copies a model's files into a folder of its own in there, and reads every copy again to see that it is right. What a
 * failure or a stop leaves is taken away; the files in the store are not touched.
 */
export async function takeIntoFolder(
  { model_id, files }: TakeIntoFolder,
  store: ModelStore,
  { signal, push }: { signal: AbortSignal; push(progress: CopyProgress): void },
): Promise<null> {
  const folder = await chosenFolder();
  if (!folder) throw closed('No folder on the disk has been chosen.', 'Choose one under Models.');
  const total = 2 * files.reduce((sum, { size }) => sum + size, 0);
  let before = 0;
  const came = (loaded: number): void => {
    signal.throwIfAborted();
    push({ loaded_bytes: before + loaded, total_bytes: total });
  };
  await exclusively(model_id, store, signal, async () => {
    /** What a failure takes away again; what lay there before stays. */
    const made: string[] = [];
    let target: FileSystemDirectoryHandle | undefined;
    try {
      target = await folder.getDirectoryHandle(model_id, { create: true });
      for (const { name, size, sha256 } of files) {
        const file = await store.find(model_id, name);
        if (!file) throw new RpcError('not_found', `${name} is not on this device.`);
        if (!(await unlessMissing(() => target!.getFileHandle(name)))) made.push(name);
        const handle = await target.getFileHandle(name, { create: true });
        await file.stream().pipeThrough(counted(came)).pipeTo(await handle.createWritable(), { signal });
        before += size;
        const copy = await inspect(await handle.getFile(), Journal.of(''), came);
        if (sha256 && copy.sha256 !== sha256) {
          made.push(name);
          throw new RpcError('file_corrupt', `The copy of ${name} is not right.`);
        }
        before += size;
      }
    } catch (thrown) {
      for (const name of made) await target?.removeEntry(name).catch(() => undefined);
      await folder.removeEntry(model_id).catch(() => undefined); // stays where something else lies in it
      throw explain(thrown, folder.name, signal);
    }
  });
  return null;
}

function counted(came: (loaded: number) => void): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let loaded = 0;
  return new TransformStream({
    transform(bytes, controller) {
      came((loaded += bytes.length));
      controller.enqueue(bytes);
    },
  });
}

function closed(message: string, action: string): RpcError {
  return new RpcError('folder_closed', message, action);
}

function explain(thrown: unknown, name: string, signal: AbortSignal): RpcError {
  if (signal.aborted) return new RpcError('aborted', 'Stopped on request.');
  if (thrown instanceof RpcError) return thrown;
  if (isNamed(thrown, 'QuotaExceededError')) {
    return new RpcError('storage_full', `There is no room in the folder "${name}".`, 'Free some disk space, then try again.', true);
  }
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return closed(`The folder "${name}" could not be written to: ${why}`, 'Open Models, press "Allow again", and try once more.');
}
