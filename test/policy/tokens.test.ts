import { createHash, timingSafeEqual } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { findToken, loadTokens, type TokenEntry } from '../../host/policy/tokens.ts';

const entries: TokenEntry[] = ['first', 'second', 'third', 'fourth'].map((name) => ({
  name,
  sha256: createHash('sha256').update(`secret-${name}`).digest('hex'),
  tenant: name,
  role: 'caller',
}));

describe('finding a token', () => {
  it.each(['secret-first', 'secret-third', 'secret-fourth', 'secret-nobody', ''])(
    'compares every entry for %j, whichever matches',
    (presented) => {
      const compared: string[] = [];
      const found = findToken(loadTokens(entries), presented, (known, digest) => {
        compared.push(Buffer.from(known).toString('hex'));
        expect(digest).toHaveLength(32);
        return timingSafeEqual(known, digest);
      });
      expect(compared).toEqual(entries.map((entry) => entry.sha256));
      expect(found?.name).toBe(entries.find((entry) => presented === `secret-${entry.name}`)?.name);
    },
  );
});
