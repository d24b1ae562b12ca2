import fc from 'fast-check';
import { expect, test } from 'vitest';
import { adapterOf, operationNamed, toolName } from '../../host/mcp/tool-names.ts';

/** As the registry takes them. */
const name = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9-]{0,63}$/),
  fc.stringMatching(/^[a-z][a-z0-9-]{63}$/),
  fc.constantFrom('a', 'a-b', 'a-', 'b-c'),
);

test('every operation has a name that clients take, and no two have the same', () => {
  fc.assert(
    fc.property(fc.tuple(name, name), fc.tuple(name, name), (one, other) => {
      expect(toolName(...one)).toMatch(/^[a-zA-Z0-9_-]{1,128}$/);
      expect(toolName(...one) === toolName(...other)).toBe(one.join('.') === other.join('.'));
    }),
    { numRuns: 1_000 },
  );
});

test('a name leads back to its operation, among any others', () => {
  fc.assert(
    fc.property(name, fc.uniqueArray(name, { minLength: 1, maxLength: 5 }), (adapter, operations) => {
      const [wanted] = operations as [string];
      const tool = toolName(adapter, wanted);
      expect(adapterOf(tool)).toBe(adapter);
      expect(operationNamed(tool, adapter, operations.toReversed())).toBe(wanted);
    }),
  );
});

test('the longest two names differ in their digest alone', () => {
  const [a, b] = ['x', 'y'].map((last) => toolName('a'.repeat(64), `${'b'.repeat(63)}${last}`)) as [
    string,
    string,
  ];
  expect([a.length, b.length, a === b]).toEqual([128, 128, false]);
  expect(a.slice(0, 111)).toBe(b.slice(0, 111));
});
