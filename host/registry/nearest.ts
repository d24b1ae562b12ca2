/**
 * Names in order of likeness to one that does not exist, for an answer that helps.
 *
 * Anybody may ask for names that do not exist, so the comparison is cheap (pairs of letters, not an edit distance) and
 * what was asked for is cut before it is looked at.
 */

import { HostError } from '../errors.ts';

const COMPARED_CHARS = 64;
/** Names in an answer. */
const SHOWN_MAX_COUNT = 5;

/** REGISTRY_NOT_FOUND for `wanted`, with the names that exist. What was asked for is not repeated. */
export function notFound(wanted: string, existing: readonly string[]): HostError {
  const names = nearestFirst(wanted, existing);
  const shown = names.slice(0, SHOWN_MAX_COUNT).join(', ');
  const more = names.length > SHOWN_MAX_COUNT ? ` and ${names.length - SHOWN_MAX_COUNT} more` : '';
  return new HostError(
    'REGISTRY_NOT_FOUND',
    names.length === 0 ? 'no adapters are loaded' : `the adapters are ${shown}${more}`,
  );
}

/** The names, likest first; equal likeness in order of name. */
export function nearestFirst(wanted: string, names: readonly string[]): string[] {
  const pairs = pairsOf(wanted.slice(0, COMPARED_CHARS).toLowerCase());
  return names
    .map((name) => ({ name, likeness: likeness(pairs, pairsOf(name)) }))
    .sort((a, b) => b.likeness - a.likeness || (a.name < b.name ? -1 : 1))
    .map(({ name }) => name);
}

/** Sørensen–Dice coefficient of two sets, 0 to 1. */
function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const pair of a) if (b.has(pair)) shared += 1;
  return a.size + b.size === 0 ? 0 : (2 * shared) / (a.size + b.size);
}

/** Begins and ends with a blank, so that the first and the last letter count too. */
function pairsOf(name: string): Set<string> {
  const padded = ` ${name} `;
  const pairs = new Set<string>();
  for (let index = 0; index + 1 < padded.length; index++) pairs.add(padded.slice(index, index + 2));
  return pairs;
}
