/** The real downloads worker on a disk that has room for 100,000 bytes a file, as the browser reports it. */

import '../../js_bridge/downloads.worker';

const write = FileSystemSyncAccessHandle.prototype.write;
FileSystemSyncAccessHandle.prototype.write = function (bytes, options) {
  if ((options?.at ?? 0) + bytes.byteLength > 100_000) throw new DOMException('No room.', 'QuotaExceededError');
  return write.call(this, bytes, options);
};
