/**
 * Renders Mustache templates: `parse.js` makes a tree of the text, and what is here walks it with the data.
 *
 * Keeps nothing between calls. Data is read by own properties alone, so that no template reaches what objects have by
 * themselves. Everything that can be wrong is thrown as a case of the WIT variant `failure`; anything else would end the cell.
 */

import { createPlacer, faultAt, parse } from './parse.js';

export const templates = { render, inspect };

/** Written text in UTF-16 units: a page is some ten thousand, and lists in lists multiply. */
const OUTPUT_MAX_CHARACTERS = 1_000_000;
/** Sections and partials within each other; a partial may include itself for data that is a tree. */
const DEPTH_MAX_COUNT = 100;
/** Lists and objects within each other; the parser of the engine recurses. */
const DATA_DEPTH_MAX_COUNT = 200;

/**
 * @param {string} template @param {string} data
 * @param {{ name: string, text: string }[] | undefined} partials @param {boolean | undefined} strict
 */
function render(template, data, partials, strict) {
  const texts = new Map((partials ?? []).map(({ name, text }) => [name, text]));
  const pieces = [];
  const run = { texts, parsed: new Map(), isStrict: strict ?? false, pieces, written: 0, depth: 0 };
  const source = { text: template, partial: undefined, indent: '' };
  renderNodes(run, source, parse(source), [readData(data)]);
  return pieces.join('');
}

/** @param {string} template */
function inspect(template) {
  const source = { text: template, partial: undefined, indent: '' };
  const placeOf = createPlacer(source);
  const tags = [];
  const walk = (nodes) => {
    for (const { kind, name, at, nodes: inner } of nodes) {
      if (kind === 'text') continue;
      tags.push({ kind, name, ...placeOf(at) });
      if (inner) walk(inner);
    }
  };
  walk(parse(source));
  return tags;
}

function readData(text) {
  refuseDeepData(text);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw { tag: 'bad-data', val: error.message };
  }
}

/** Brackets outside of texts; what is malformed is left to the parser. */
function refuseDeepData(text) {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = endOfText(text, at);
    else if (character === '[' || character === '{') depth++;
    else if (character === ']' || character === '}') depth--;
    if (depth > DATA_DEPTH_MAX_COUNT) {
      throw { tag: 'bad-data', val: `lists and objects are nested deeper than ${DATA_DEPTH_MAX_COUNT}` };
    }
  }
}

/** Where the quote stands that ends a text; the end of all when none does. */
function endOfText(text, start) {
  for (let at = start + 1; ; at++) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let slashes = 0;
    while (text[at - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return at;
  }
}

function renderNodes(run, source, nodes, contexts) {
  for (const node of nodes) {
    switch (node.kind) {
      case 'text':
        write(run, source, node, node.text);
        break;
      case 'variable':
        write(run, source, node, escapeHtml(textOf(lookUp(run, source, node, contexts))));
        break;
      case 'unescaped':
        write(run, source, node, textOf(lookUp(run, source, node, contexts)));
        break;
      case 'section':
        renderSection(run, source, node, contexts);
        break;
      case 'inverted':
        if (isNothing(lookUp(run, source, node, contexts))) {
          within(run, source, node, () => renderNodes(run, source, node.nodes, contexts));
        }
        break;
      case 'partial':
        renderPartial(run, source, node, contexts);
    }
  }
}

function renderSection(run, source, node, contexts) {
  const value = lookUp(run, source, node, contexts);
  if (isNothing(value)) return;
  const items = Array.isArray(value) ? value : [value];
  within(run, source, node, () => {
    for (const item of items) renderNodes(run, source, node.nodes, [...contexts, item]);
  });
}

/** Each line of a partial that stands alone on its line is indented as its tag is. */
function renderPartial(run, source, node, contexts) {
  const text = run.texts.get(node.name);
  if (text === undefined) {
    if (!run.isStrict) return;
    throw { tag: 'missing', val: faultAt(source, node.at, `the partial ${node.name} was not given`) };
  }
  const key = `${node.indent} ${node.name}`;
  let known = run.parsed.get(key);
  if (known === undefined) {
    const indented = node.indent === '' ? text : text.replace(/(^|\n)(?!$)/g, `$1${node.indent}`);
    const own = { text: indented, partial: node.name, indent: node.indent };
    known = { source: own, nodes: parse(own) };
    run.parsed.set(key, known);
  }
  within(run, source, node, () => renderNodes(run, known.source, known.nodes, contexts));
}

function within(run, source, node, render) {
  if (++run.depth > DEPTH_MAX_COUNT) {
    const message = `sections and partials are nested deeper than ${DEPTH_MAX_COUNT}`;
    throw { tag: 'too-large', val: faultAt(source, node.at, message) };
  }
  render();
  run.depth--;
}

function write(run, source, node, text) {
  run.written += text.length;
  if (run.written > OUTPUT_MAX_CHARACTERS) {
    const message = `the result is longer than ${OUTPUT_MAX_CHARACTERS} characters`;
    throw { tag: 'too-large', val: faultAt(source, node.at, message) };
  }
  run.pieces.push(text);
}

/** The first part of a name is looked for in what is around, from the inside out; the others in what was found. */
function lookUp(run, source, node, contexts) {
  if (node.name === '.') return contexts.at(-1);
  const [first, ...rest] = node.name.split('.');
  const owner = contexts.findLast((context) => has(context, first));
  let value = owner?.[first];
  for (const part of rest) value = has(value, part) ? value[part] : undefined;
  // Sections ask whether a name is there: what is absent is an answer to them.
  if (value === undefined && run.isStrict && node.nodes === undefined) {
    throw { tag: 'missing', val: faultAt(source, node.at, `there is no ${node.name} in the data`) };
  }
  return value;
}

function has(value, name) {
  if (Array.isArray(value)) return /^\d+$/.test(name) && Number(name) < value.length;
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name);
}

/** What a section is not written for. Zero is a value. */
function isNothing(value) {
  return value === undefined || value === null || value === false || value === '' || value.length === 0;
}

function textOf(value) {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escapeHtml = (text) => text.replace(/[&<>"']/g, (character) => ENTITIES[character]);
