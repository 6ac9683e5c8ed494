/** The least that brings a file into OPFS: one request, one file, nothing checked. */
onmessage = async ({ data: url }) => {
  const root = await navigator.storage.getDirectory();
  const file = await (await root.getFileHandle('bare', { create: true })).createSyncAccessHandle();
  const started = performance.now();
  let at = 0;
  for await (const bytes of (await fetch(url, { cache: 'no-store' })).body) at += file.write(bytes, { at });
  file.flush();
  const took = performance.now() - started;
  file.close();
  await root.removeEntry('bare');
  postMessage(took);
};
