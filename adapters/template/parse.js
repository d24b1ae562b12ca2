/**
 * Mustache text → tree. Nodes: `text`; `variable` and `unescaped`; `section` and `inverted`, with nodes of their own; `partial`,
 * with the white space before it when it stands alone.
 *
 * A tag for sections, partials or comments that stands alone on its line takes the line with it, as the specification of Mustache
 * has it. Reads each character a bounded number of times. Delimiters cannot be changed: `{{=` is refused.
 */

const KINDS = { '#': 'section', '^': 'inverted', '>': 'partial', '&': 'unescaped', '{': 'unescaped' };
/** Tags that write nothing themselves. */
const ALONE = '#^/>!';
const SECTIONS_MAX_COUNT = 100;

/**
 * `source`: the text, the name of the partial it is, and what its lines were indented by.
 * Throws the case `syntax` or `too-large`, at the place in the text.
 */
export function parse(source) {
  const { text } = source;
  const root = { nodes: [] };
  const open = [root];
  let end = 0;
  for (let start = text.indexOf('{{'); start >= 0; start = text.indexOf('{{', end)) {
    const tag = readTag(source, start);
    const line = tag.sigil !== '' && ALONE.includes(tag.sigil) ? lineOf(text, start, tag.end) : undefined;
    const { nodes } = open.at(-1);
    addText(nodes, text.slice(end, line?.start ?? start), end);
    end = line?.end ?? tag.end;
    if (tag.sigil === '!') continue;
    if (tag.sigil === '/') {
      const section = open.at(-1);
      if (section === root) throw syntax(source, start, `there is no section ${tag.name} to be closed`);
      if (section.name !== tag.name) {
        throw syntax(source, start, `the section ${section.name} is open, not ${tag.name}`);
      }
      open.pop();
      continue;
    }
    const node = { kind: KINDS[tag.sigil] ?? 'variable', name: tag.name, at: start };
    nodes.push(node);
    if (node.kind === 'partial') node.indent = line === undefined ? '' : text.slice(line.start, start);
    if (node.kind !== 'section' && node.kind !== 'inverted') continue;
    if (open.length > SECTIONS_MAX_COUNT) {
      const message = `sections are nested deeper than ${SECTIONS_MAX_COUNT}`;
      throw { tag: 'too-large', val: faultAt(source, start, message) };
    }
    node.nodes = [];
    open.push(node);
  }
  if (open.length > 1) throw syntax(source, open.at(-1).at, `the section ${open.at(-1).name} is not closed`);
  addText(root.nodes, text.slice(end), end);
  return root.nodes;
}

function addText(nodes, text, at) {
  if (text !== '') nodes.push({ kind: 'text', text, at });
}

/** The tag that begins here: its sigil, its name, and where it ends. */
function readTag(source, start) {
  const { text } = source;
  const sigil = text[start + 2] ?? '';
  const close = sigil === '{' ? '}}}' : '}}';
  const closeAt = text.indexOf(close, start + 2);
  if (closeAt < 0) throw syntax(source, start, `the tag is not closed by ${close}`);
  if (sigil === '=') throw syntax(source, start, 'delimiters cannot be changed');
  const hasSigil = sigil === '{' || '#^/>!&'.includes(sigil);
  const name = text.slice(start + (hasSigil ? 3 : 2), closeAt).trim();
  const end = closeAt + close.length;
  if (sigil === '!') return { sigil, name: '', end };
  if (sigil === '>' ? name === '' || /\s/.test(name) : !/^(?:\.|[^\s.{}]+(?:\.[^\s.{}]+)*)$/.test(name)) {
    throw syntax(source, start, name === '' ? 'the tag has no name' : `${clip(name)} is not a name`);
  }
  return { sigil: hasSigil ? sigil : '', name, end };
}

/** The line that a tag has for itself, its end included; undefined when it shares it. */
function lineOf(text, start, end) {
  let from = start;
  while (from > 0 && (text[from - 1] === ' ' || text[from - 1] === '\t')) from--;
  if (from > 0 && text[from - 1] !== '\n') return undefined;
  let to = end;
  while (text[to] === ' ' || text[to] === '\t') to++;
  if (text[to] === '\r' && text[to + 1] === '\n') to++;
  if (to < text.length && text[to] !== '\n') return undefined;
  return { start: from, end: Math.min(to + 1, text.length) };
}

const syntax = (source, at, message) => ({ tag: 'syntax', val: faultAt(source, at, message) });
const clip = (name) => (name.length > 40 ? `${name.slice(0, 40)}…` : name);

/** The record `fault` for a place in a source. */
export function faultAt(source, at, message) {
  return { message, partial: source.partial, ...createPlacer(source)(at) };
}

/** Places in a text as line and column, both from 1, the column in characters; asked for in rising order. */
export function createPlacer({ text, indent }) {
  let next = 0;
  let line = 1;
  let column = 1;
  return (at) => {
    for (; next < at; next++) {
      const unit = text.charCodeAt(next);
      if (unit === 0x0a) {
        line++;
        column = 1;
      } else if ((unit & 0xfc00) !== 0xdc00) column++;
    }
    return { line, column: Math.max(1, column - indent.length) };
  };
}
