// One exported function for each of world.wit; kebab-case there is camelCase here. Types are taken out, not checked:
// run `tsc --noEmit` for that. Integers of 64 bits are numbers too, of which 53 bits are kept. There is no clock,
// network or file but what adapter.json asks for as a capability.

interface Counts {
  characters: number;
  words: number;
}

/** A function that gives a `result` returns its success and throws its failure. Anything else thrown ends the cell. */
export function slug(text: string): string {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu);
  if (words === null) throw 'the text has no letter or digit';
  return words.join('-');
}

export function count(text: string): Counts {
  const words = text.match(/\S+/gu) ?? [];
  return { characters: [...text].length, words: words.length };
}
