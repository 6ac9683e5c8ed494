import { afterEach, describe, expect, it } from 'vitest';
import { OpenOrigins, withDelivery } from '../../js_bridge/open_origins';

describe('the list of open origins', () => {
  afterEach(() => caches.delete('cloche-open-origins'));

  it('is empty, and closed until it has been read', async () => {
    const origins = new OpenOrigins();
    expect(await origins.all()).toEqual({ remote: [], downloads: [] });
    expect(origins.has('https://example.org')).toBe(false);
  });

  it('is kept for the next life of the service worker', async () => {
    await new OpenOrigins().set('remote', ['https://example.org', 'http://127.0.0.1:11434', 'wss://example.org']);
    const origins = new OpenOrigins();
    expect(origins.has('https://example.org')).toBe(false);
    expect((await origins.all()).remote).toEqual(['https://example.org', 'http://127.0.0.1:11434', 'wss://example.org']);
    expect(origins.has('https://example.org')).toBe(true);
    await origins.set('remote', []);
    expect(origins.has('https://example.org')).toBe(false);
    expect((await new OpenOrigins().all()).remote).toEqual([]);
  });

  it('is another for downloads than for providers, and both are kept', async () => {
    await new OpenOrigins().set('remote', ['https://example.org']);
    await new OpenOrigins().set('downloads', ['https://huggingface.co']);
    expect(await new OpenOrigins().all()).toEqual({ remote: ['https://example.org'], downloads: ['https://huggingface.co'] });
  });

  it('takes over the one list that an earlier version kept', async () => {
    await (await caches.open('cloche-open-origins')).put('open-origins.json', Response.json(['https://example.org']));
    expect(await new OpenOrigins().all()).toEqual({ remote: ['https://example.org'], downloads: [] });
  });

  it('admits the hosts that a known hub delivers from, and no others', () => {
    expect(withDelivery(['https://example.org'])).toEqual(['https://example.org']);
    expect(withDelivery(['https://huggingface.co'])).toContain('https://*.hf.co');
  });

  it.each(['*', 'https:', 'https://*.org', 'https://a.org/path', "https://a.org 'unsafe-eval'", 'data:', 'https://a.org; script-src *', 'javascript:alert(1)'])(
    'takes no %s',
    async (origin) => {
      await expect(new OpenOrigins().set('downloads', [origin])).rejects.toThrow();
      expect((await new OpenOrigins().all()).downloads).toEqual([]);
    },
  );
});
