/** Examples of a package: which cases become one. */

import { describe, expect, it } from 'vitest';
import { withExamples } from '../../adapters/examples.ts';

const cases = (...list: object[]): string => JSON.stringify(list);
const echo = (input: object, output: object): object => ({ operation: 'echo', input, output });

describe('the examples of an operation', () => {
  it('are its first two cases that succeed and can be read', () => {
    const text = cases(
      echo({ text: '' }, { text: '' }),
      echo({ base64: 'AP8=' }, { base64: 'AP8=' }),
      { operation: 'echo', input: { text: 'a' }, failure: { kind: 'bad-input', messageMatches: '.' } },
      echo({ text: 'x'.repeat(1_000) }, { text: 'x' }),
      echo({ text: 'a' }, { text: 'b' }),
      { operation: 'other', input: { text: 'a' }, output: { text: 'a' } },
      echo({ json: { a: 1 } }, { json: [0] }),
      echo({ text: 'third' }, { text: 'third' }),
    );
    expect(withExamples({ echo: { idempotent: true }, quiet: {} }, text)).toEqual({
      echo: {
        idempotent: true,
        examples: [
          { input: 'a', output: 'b' },
          { input: { a: 1 }, output: [0] },
        ],
      },
      quiet: {},
    });
  });

  it('stay those of the author, and there are none without cases', () => {
    const operations = { echo: { examples: [{ input: 1 }] } };
    expect(withExamples(operations, cases(echo({ text: 'a' }, { text: 'a' })))).toEqual(operations);
    expect(withExamples({ echo: {} }, null)).toEqual({ echo: {} });
  });
});
