/** How numbers, sizes, durations and dates are written for people. Owns the wording of figures, not where they stand. */

const whole = new Intl.NumberFormat('en');
const oneDigit = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'];

export function count(value: number, noun: string): string {
  return `${whole.format(value)} ${noun}${value === 1 ? '' : 's'}`;
}

export function bytes(size: number): string {
  const step = Math.min(UNITS.length - 1, size < 1000 ? 0 : Math.floor(Math.log10(size) / 3));
  return `${oneDigit.format(size / 1000 ** step)} ${UNITS[step]}`;
}

export function duration(ms: number): string {
  if (ms < 1000) return `${whole.format(Math.round(ms))} ms`;
  if (ms < 60_000) return `${oneDigit.format(ms / 1000)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

export function rate(perSecond: number): string {
  return `${perSecond < 100 ? oneDigit.format(perSecond) : whole.format(Math.round(perSecond))} tokens/s`;
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** The hour for today, else the day too. */
export function time(seconds: number, now = new Date()): string {
  const moment = new Date(seconds * 1000);
  const today = moment.toDateString() === now.toDateString();
  return moment.toLocaleString('en', today ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' });
}

/** Under which heading of the side bar a moment falls. */
export function dayGroup(seconds: number, now = new Date()): string {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  const age = midnight - seconds * 1000;
  if (age <= 0) return 'Today';
  if (age <= 86_400_000) return 'Yesterday';
  if (age <= 6 * 86_400_000) return 'Last 7 days';
  return 'Earlier';
}
