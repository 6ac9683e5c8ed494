/**
 * Which models of the catalogue are shown, and in which order.
 *
 * Owns the filters and what a search matches. Does not decide whether a model runs: that is the entry's verdict.
 */
import { signal } from '@preact/signals';
import type { CatalogueEntry } from '../js_bridge/contract.gen';

export interface Filters {
  text: string;
  engine: 'any' | 'llamacpp' | 'webllm';
  pictures: boolean;
  tools: boolean;
  runsHere: boolean;
  installed: boolean;
}

export const NO_FILTERS: Filters = { text: '', engine: 'any', pictures: false, tools: false, runsHere: false, installed: false };

/** What is looked for now; it stays while other views are open. */
export const filters = signal(NO_FILTERS);

/** Shows one model of the catalogue and nothing else. */
export function showModel(modelId: string): void {
  filters.value = { ...NO_FILTERS, text: modelId };
  document.getElementById('catalogue-heading')?.scrollIntoView();
}

export function matching(entries: readonly CatalogueEntry[], wanted: Filters): CatalogueEntry[] {
  const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter(({ card, fit, installed }) => {
    const text = [card.name, card.id, card.repo, card.summary, card.licence, ...card.abilities].join(' ').toLowerCase();
    return (
      words.every((word) => text.includes(word)) &&
      (wanted.engine === 'any' || card.engine === wanted.engine) &&
      (!wanted.pictures || card.modalities.includes('image')) &&
      (!wanted.tools || card.tools) &&
      (!wanted.runsHere || fit.verdict !== 'cannot') &&
      (!wanted.installed || installed)
    );
  });
}

const VERDICTS = { runs: 0, slow: 1, cannot: 2 };

/** What is here first, then the recommendation, then what runs; the catalogue's own order within each. */
export function inOrder(entries: readonly CatalogueEntry[], recommended: string | null): CatalogueEntry[] {
  const rank = ({ card, fit, installed }: CatalogueEntry): number =>
    installed ? 0 : card.id === recommended ? 1 : 2 + VERDICTS[fit.verdict];
  return [...entries].sort((a, b) => rank(a) - rank(b));
}
