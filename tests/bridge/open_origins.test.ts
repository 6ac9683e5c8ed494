import { afterEach, describe, expect, it } from 'vitest';
import { OpenOrigins } from '../../js_bridge/open_origins';

describe('the list of open origins', () => {
  afterEach(() => caches.delete('cloche-open-origins'));

  it('is empty, and closed until it has been read', async () => {
    const origins = new OpenOrigins();
    expect(await origins.all()).toEqual([]);
    expect(origins.has('https://example.org')).toBe(false);
  });

  it('is kept for the next life of the service worker', async () => {
    await new OpenOrigins().set(['https://example.org', 'http://127.0.0.1:11434']);
    const origins = new OpenOrigins();
    expect(origins.has('https://example.org')).toBe(false);
    expect(await origins.all()).toEqual(['https://example.org', 'http://127.0.0.1:11434']);
    expect(origins.has('https://example.org')).toBe(true);
    await origins.set([]);
    expect(origins.has('https://example.org')).toBe(false);
    expect(await new OpenOrigins().all()).toEqual([]);
  });

  it.each(['*', 'https:', 'https://*.org', 'https://a.org/path', "https://a.org 'unsafe-eval'", 'data:', 'https://a.org; script-src *', 'javascript:alert(1)'])(
    'takes no %s',
    async (origin) => {
      await expect(new OpenOrigins().set([origin])).rejects.toThrow();
      expect(await new OpenOrigins().all()).toEqual([]);
    },
  );
});
