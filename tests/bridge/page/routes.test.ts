// Addresses of views: what a reload or a link shows.
import { expect, test } from 'vitest';
import { addressOf, parseRoute } from '../../../web/routes';

test.each(['#/chat', '#/chat/s1', '#/chat/s1/m2', '#/live', '#/python', '#/models', '#/settings'])('%s is the same after a round trip', (address) => {
  expect(addressOf(parseRoute(address))).toBe(address);
});

test.each(['', '#', '#/', '#/unknown', '#/%E0%A4%A', '#models/x y'])('"%s" never breaks', (address) => {
  expect(['chat', 'models']).toContain(parseRoute(address).view);
});

test('an unknown view is a new chat', () => {
  expect(parseRoute('#/elsewhere/x')).toEqual({ view: 'chat', sessionId: null, messageId: null });
});
