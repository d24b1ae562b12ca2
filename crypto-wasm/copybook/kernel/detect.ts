/**
 * What format a file has, from its beginning: every flavour is walked, and the one that holds best is the answer.
 *
 * The confidence, from 0 to 1, is by this rule, so that it can be argued with:
 * - *Length words*: n words and blocks without a contradiction up to the end are worth 1 − 1/(1 + n); every word has
 *   zeros to show and an end to meet. Half of it goes by the share of records that are no longer than the copybook's.
 *   A reading as V of what also reads as VB is worth half: blocks then pass for records.
 * - *Lines*: the same by lines, if 99 % of all bytes can be printed, else nothing.
 * - *Fixed length*: 0.4, and up to 0.5 more by the share of numbers and texts of the copybook that are valid. A length
 *   that does not divide the file leaves a tenth.
 * - *Counted length*: 0.4, and 0.5 × (1 − 1/(1 + n)) more for n records without a contradiction.
 * - A contradiction after n records leaves 0.3 × n/(n + 20).
 */

import { answer } from './answer';
import { Candidate, candidatesOf } from './detect-candidates';
import { guessText, textGuess } from './detect-text';
import { Layout } from './layout';
import { hasProblem } from './problem';
import { flags, inputAt, inputEnd, readInput } from './read-input';
import { Flag } from './frames';

/** Enough for tens of thousands of records; the answer does not get better with more. */
const LOOKED_AT_MAX_BYTES: usize = 1_048_576;
const ALTERNATIVES_MAX: i32 = 5;
/** Below, a flavour is no alternative but noise. */
const ALTERNATIVE_MIN: f64 = 0.05;

export function detect(layout: Layout, from: usize, end: usize): void {
  if (!readInput(from, end)) return;
  const isCut = inputEnd - inputAt > LOOKED_AT_MAX_BYTES;
  const to = isCut ? inputAt + LOOKED_AT_MAX_BYTES : inputEnd;
  guessText(inputAt, to);
  const found = candidatesOf(layout, inputAt, to, !isCut && (flags & Flag.LAST) != 0);
  if (hasProblem()) return;
  let best = 0;
  for (let i = 1; i < found.length; i++) if (found[i].confidence > found[best].confidence) best = i;
  const page = textGuess(layout.options.codePage);
  let json = '{' + found[best].json(page) + ',"alternatives":[';
  found[best].isShown = true;
  for (let n = 0; n < ALTERNATIVES_MAX; n++) {
    const next = bestLeft(found);
    if (next < 0) break;
    found[next].isShown = true;
    json += (n > 0 ? ',{' : '{') + found[next].json(page) + '}';
  }
  const bytes = String.UTF8.encode(json + ']}');
  answer(changetype<usize>(bytes), bytes.byteLength);
}

function bestLeft(found: Candidate[]): i32 {
  let best = -1;
  for (let i = 0; i < found.length; i++) {
    if (found[i].isShown || found[i].confidence < ALTERNATIVE_MIN) continue;
    if (best < 0 || found[i].confidence > found[best].confidence) best = i;
  }
  return best;
}
