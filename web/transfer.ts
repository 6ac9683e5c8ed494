/**
 * Carrying conversations out and in: what export, import and fork do on the page.
 *
 * Owns saving a file to the person's disk and the wording of what an import did. What stands in the files is Python's.
 */
import { LIMITS, type ExportedFile, type Imported, type Message, type SessionExport } from '../js_bridge/contract.gen';
import { report } from './actions';
import { bytes, count } from './figures';
import { chatAddress, go } from './routes';
import { connection, dispatch, toast } from './store';

let lastAddress: string | undefined;

/** Gives the person a file. Its address is held until the next one, so that the browser has the time to save it. */
export function save({ name, mime, bytes: content }: ExportedFile): void {
  if (lastAddress) URL.revokeObjectURL(lastAddress);
  lastAddress = URL.createObjectURL(new Blob([new Uint8Array(content)], { type: mime }));
  const anchor = document.createElement('a');
  anchor.href = lastAddress;
  anchor.download = name;
  anchor.click();
  toast(`“${name}” was exported (${bytes(content.length)}).`);
}

export async function exportSession(sessionId: string, format: SessionExport['format']): Promise<void> {
  try {
    save(await connection.call('session.export', { session_id: sessionId, format }));
  } catch (thrown) {
    report(thrown);
  }
}

export async function exportEverything(): Promise<void> {
  try {
    save(await connection.call('archive.export', {}));
  } catch (thrown) {
    report(thrown);
  }
}

/** Rejects when the file cannot be taken; gives a sentence on what was done otherwise. */
export async function importFile(file: File, trusted: boolean): Promise<string> {
  const most = LIMITS.ImportFile.bytes.maxLength;
  if (file.size > most) throw new Error(`“${file.name}” is ${bytes(file.size)}; up to ${bytes(most)} are read.`);
  const content = new Uint8Array(await file.arrayBuffer());
  const imported = await connection.call('archive.import', { name: file.name.slice(0, 1000), bytes: content, trusted });
  if (imported.settings) dispatch(['page:settings-chosen', imported.settings]);
  return sentence(imported);
}

/** What an import did. */
export function sentence({ added, copied, unchanged }: Imported): string {
  const done = [
    added.length > 0 && `${count(added.length, 'conversation')} added`,
    copied.length > 0 && `${count(copied.length, 'conversation')} added as a copy, because yours went on since`,
    unchanged > 0 && `${count(unchanged, 'conversation')} here already`,
  ].filter((part) => part !== false);
  return done.length > 0 ? `${done.join('; ')}.` : 'The file holds no conversation.';
}

/** Opens a new conversation that begins with the way to this message. */
export async function forkFrom(message: Message): Promise<void> {
  try {
    const session = await connection.call('session.fork', { session_id: message.session_id, message_id: message.id });
    go(chatAddress(session.id));
    toast('This is a fork: the conversation it comes from stays as it is.');
  } catch (thrown) {
    report(thrown);
  }
}
