/** Several pictures in one question: what people should know of the model that is asked. Owns the words. */
import type { ModelCard } from '../js_bridge/contract.gen';

/** How many pictures the model takes at a time, and what becomes of `frames`; '' where its card does not say. */
export function seriesLimit(card: ModelCard | null, frames: number): string {
  const most = card?.max_images;
  if (!most) return '';
  const takes = `${card.name} takes ${most === 1 ? 'one picture' : `up to ${most} pictures`} at a time`;
  return frames > most ? `${takes}, so it is asked about the newest ${most === 1 ? 'one' : most} alone.` : `${takes}.`;
}

/** Whether fewer pictures are asked about than were wanted. */
export function seriesCut(card: ModelCard | null, frames: number): boolean {
  return !!card?.max_images && frames > card.max_images;
}
