/**
 * A number as a person types it in a form: read, and held to the limits of the contract.
 *
 * Owns the sentences that say what is wrong with it, not the fields.
 */

/** As `LIMITS` of the contract has them. */
export interface Limits {
  minimum?: number;
  exclusiveMinimum?: number;
  maximum: number;
}

export type Read<T> = { value: T; problem?: undefined } | { value?: undefined; problem: string };

const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 2, useGrouping: true });

export function rangeOf({ minimum, exclusiveMinimum, maximum }: Limits): string {
  return `${minimum ?? `more than ${exclusiveMinimum ?? 0}`} to ${plain.format(maximum)}`;
}

/** The number that was typed; null where nothing was. */
export function readNumber(typed: string, limits: Limits, whole: boolean): Read<number | null> {
  return typed.trim() === '' ? { value: null } : readSome(typed, limits, whole);
}

/** The number that was typed, where there must be one. */
export function readSome(typed: string, limits: Limits, whole: boolean): Read<number> {
  const text = typed.trim().replace(',', '.');
  const value = text === '' ? NaN : Number(text);
  const range = rangeOf(limits);
  if (!Number.isFinite(value)) return { problem: `Write a number, ${range}.` };
  if (whole && !Number.isInteger(value)) return { problem: `Write a whole number, ${range}.` };
  const low = value < (limits.minimum ?? -Infinity) || value <= (limits.exclusiveMinimum ?? -Infinity);
  if (low || value > limits.maximum) return { problem: `Must be ${range}.` };
  return { value };
}
