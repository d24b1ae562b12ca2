// One exported function for each of world.wit; kebab-case there is camelCase here.
// There is no clock, network or file but what adapter.json asks for as a capability.

/**
 * A function that gives a `result` returns its success and throws its failure. Anything else thrown ends the cell.
 *
 * @param {string} text @returns {string}
 */
export function slug(text) {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu);
  if (words === null) throw 'the text has no letter or digit';
  return words.join('-');
}

/** @param {string} text @returns {{ characters: number, words: number }} */
export function count(text) {
  const words = text.match(/\S+/gu) ?? [];
  return { characters: [...text].length, words: words.length };
}
