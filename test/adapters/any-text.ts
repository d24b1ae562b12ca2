/**
 * Texts of any characters, for property tests: a good half of ASCII and Latin, the others from all of Unicode but surrogates.
 *
 * Not `fc.string({ unit: 'binary' })`, which takes seconds to be made.
 */

import fc from 'fast-check';

const character = fc
  .oneof(fc.nat(0x7f), fc.nat(0x24f), fc.nat(0xd7ff), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((point) => String.fromCodePoint(point));

/** At most so many characters; lengths of UTF-16 may be twice that. */
export const anyText = (maxLength: number): fc.Arbitrary<string> =>
  fc.array(character, { maxLength }).map((characters) => characters.join(''));
