/** Where the keyboard goes when what had it is closed: back to what opened it, never to nowhere. */
import { useEffect } from 'preact/hooks';

/** Gives the focus to what `find` names once this part is gone, unless it is elsewhere by then. */
export function useReturnFocus(find: () => HTMLElement | null): void {
  useEffect(() => () => queueMicrotask(() => returnFocus(find())), []);
}

export function returnFocus(element: HTMLElement | null): void {
  const { activeElement } = document;
  if (activeElement === null || activeElement === document.body) element?.focus({ preventScroll: true });
}

/** The control with this accessible name. */
export function named(name: string): HTMLElement | null {
  return document.querySelector(`[aria-label="${CSS.escape(name)}"]`);
}
