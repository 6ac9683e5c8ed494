/**
 * What a person does with Python packages, as commands to Python.
 *
 * Owns the order of opening an origin and asking Python when a package comes from an index: each origin is opened only
 * when the person has allowed it, for this one package, and closed when it is there or was given up.
 */
import { signal } from '@preact/signals';
import type { PackageInfo } from '../js_bridge/contract.gen';
import { giveBack, lend } from './lent_origins';
import { connection } from './store';

export const packages = signal<readonly PackageInfo[]>([]);

export async function listPackages(): Promise<void> {
  packages.value = await connection.call('packages.list', {});
}

export async function addWheel(file: File): Promise<void> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  await connection.call('packages.add', { name: file.name.slice(0, 300), bytes });
  await listPackages();
}

export async function removePackage(name: string): Promise<void> {
  await connection.call('packages.remove', { name });
  await listPackages();
}

/** Gets a package from an index; `allow` asks the person about an origin. Gives the names of what was added. */
export async function fetchPackage(
  requirement: string,
  index_url: string,
  allow: (origin: string) => Promise<boolean>,
): Promise<readonly string[]> {
  const opened: string[] = [];
  try {
    for (;;) {
      const { added, needs } = await connection.call('packages.fetch', { requirement, index_url });
      if (!needs) return added;
      // An origin that was opened and is said to be closed would be asked about for ever.
      if (opened.includes(needs) || !(await allow(needs))) return [];
      await lend(needs, false);
      opened.push(needs);
    }
  } finally {
    await giveBack(opened);
    await listPackages();
  }
}
