import { describe, expect, it } from 'vitest';
import { openSecret, sealSecret } from '../../js_bridge/secrets';

describe('secrets', () => {
  it('open with the passphrase they were sealed with', async () => {
    const sealed = await sealSecret('correct horse', 'sk-grüße-123');
    expect(await openSecret('correct horse', sealed)).toBe('sk-grüße-123');
  });

  it('do not show what they hold, and look different each time', async () => {
    const [one, other] = await Promise.all([sealSecret('p', 'sk-123'), sealSecret('p', 'sk-123')]);
    expect(one).not.toBe(other);
    expect(atob(one)).not.toContain('sk-123');
  });

  it('stay shut for another passphrase, and when damaged', async () => {
    const sealed = await sealSecret('right', 'sk-123');
    const damaged = `${sealed.slice(0, -6)}AAAA${sealed.slice(-2)}`;
    for (const [passphrase, kept] of [['wrong', sealed], ['right', damaged], ['right', '?']] as const) {
      await expect(openSecret(passphrase, kept)).rejects.toMatchObject({ code: 'wrong_passphrase' });
    }
  });
});
