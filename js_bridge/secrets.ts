/**
 * Short secrets sealed with a passphrase, by WebCrypto: PBKDF2-SHA-256 makes the key, AES-256-GCM seals.
 *
 * Owns the form of a sealed secret: base64 of version (1 byte), salt (16), nonce (12), ciphertext with its tag. Keeps
 * nothing.
 */
import { RpcError } from './rpc';

const VERSION = 1;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
/** OWASP's figure for PBKDF2 with SHA-256. */
const ITERATIONS = 600_000;

async function keyFrom(passphrase: string, salt: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(passphrase.normalize('NFC'));
  const material = await crypto.subtle.importKey('raw', bytes, 'PBKDF2', false, ['deriveKey']);
  const derivation = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: ITERATIONS };
  return crypto.subtle.deriveKey(derivation, material, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}

export async function sealSecret(passphrase: string, text: string): Promise<string> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const key = await keyFrom(passphrase, salt);
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, new TextEncoder().encode(text));
  const whole = new Uint8Array([VERSION, ...salt, ...iv, ...new Uint8Array(sealed)]);
  return btoa(String.fromCharCode(...whole));
}

export async function openSecret(passphrase: string, sealed: string): Promise<string> {
  try {
    const whole = Uint8Array.from(atob(sealed), (character) => character.charCodeAt(0));
    if (whole[0] !== VERSION) throw new Error('unknown version');
    const salt = whole.slice(1, 1 + SALT_BYTES);
    const iv = whole.slice(1 + SALT_BYTES, 1 + SALT_BYTES + NONCE_BYTES);
    const key = await keyFrom(passphrase, salt);
    const text = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, whole.slice(1 + SALT_BYTES + NONCE_BYTES));
    return new TextDecoder().decode(text);
  } catch {
    throw new RpcError('wrong_passphrase', 'The passphrase does not open the kept key.');
  }
}
