/** Error codes are a contract: the table in `host/README.md` and the one in `errors.ts` are the same, both ways. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ERRORS, HostError, hasCode, toHostError } from '../host/errors.ts';
import { tableUnder } from './markdown.ts';
import { errorTable } from './readme-tables.ts';

const readme = readFileSync(new URL('../host/README.md', import.meta.url), 'utf8');

test('the table of host/README.md has every code with its status, retry and text, and no other code', () => {
  const table = errorTable();
  expect(tableUnder(readme, table[0] ?? [])).toEqual(table);
});

describe('codes', () => {
  const rows = Object.entries(ERRORS);

  test.each(rows)('%s says where it comes from, has an error status and a sentence', (code, row) => {
    expect(code).toMatch(
      /^(CONFIG|HTTP|POLICY|REGISTRY|POOL|EXECUTOR|ADAPTER|VAULT|COPYBOOK|KIT|PACKAGE|OCI|HOST)_[A-Z_]+$/,
    );
    expect(row.status >= 400 && row.status < 600).toBe(true);
    expect(row.title).toMatch(/^[A-Z].*[^.]$/);
  });

  test('where the host is too busy a retry is always said to help', () => {
    for (const [code, row] of rows)
      if (row.status === 429 || row.status === 503) expect(row.retryable, code).toBe(true);
  });
});

describe('foreign errors', () => {
  test('become HOST_INTERNAL with the original as cause, and its text nowhere else', () => {
    const cause = new TypeError('secret detail');
    const error = toHostError(cause);
    expect([error.code, error.status, error.cause]).toEqual(['HOST_INTERNAL', 500, cause]);
    expect(`${error.message}${error.detail}`).not.toContain('secret');
  });

  test('a HostError stays itself', () => {
    const error = new HostError('POOL_FULL', 'later', { retryAfterS: 2 });
    expect(toHostError(error)).toBe(error);
    expect([
      hasCode(error, 'POOL_FULL'),
      hasCode(error, 'POOL_TIMEOUT'),
      hasCode('POOL_FULL', 'POOL_FULL'),
    ]).toEqual([true, false, false]);
    expect(error.retryable).toBe(true);
  });
});
