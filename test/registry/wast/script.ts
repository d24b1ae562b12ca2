/**
 * Reads test scripts of the WebAssembly specification (`.wast`): parentheses, atoms, strings, and where each form stands in
 * the text, so that a module can be handed to the assembler as it was written.
 */

export interface Atom {
  readonly kind: 'atom';
  readonly text: string;
}
export interface Quoted {
  readonly kind: 'string';
  readonly bytes: Uint8Array;
  readonly text: string;
}
export interface Form {
  readonly kind: 'form';
  readonly items: readonly Item[];
  readonly start: number;
  readonly end: number;
}
export type Item = Atom | Quoted | Form;

/** The forms of a script. Throws Error — it is not balanced. */
export function readScript(source: string): readonly Form[] {
  const open: { items: Item[]; start: number }[] = [{ items: [], start: 0 }];
  let at = 0;
  while (at < source.length) {
    const char = source[at] as string;
    if (/\s/.test(char)) at++;
    else if (source.startsWith(';;', at)) at = lineEnd(source, at);
    else if (source.startsWith('(;', at)) at = commentEnd(source, at);
    else if (char === '(') open.push({ items: [], start: at++ });
    else if (char === ')') {
      const form = open.pop();
      const around = open.at(-1);
      if (!form || !around) throw new Error(`a parenthesis too many at ${at}`);
      around.items.push({ kind: 'form', ...form, end: ++at });
    } else {
      const end = char === '"' ? stringEnd(source, at) : atomEnd(source, at);
      const text = source.slice(at, end);
      const item: Item = char === '"' ? quoted(text) : { kind: 'atom', text };
      open.at(-1)?.items.push(item);
      at = end;
    }
  }
  if (open.length !== 1) throw new Error('a parenthesis is not closed');
  return (open[0]?.items ?? []).filter((item) => item.kind === 'form');
}

const lineEnd = (source: string, at: number): number => {
  const found = source.slice(at).search(/[\n\r]/);
  return found < 0 ? source.length : at + found;
};

function commentEnd(source: string, from: number): number {
  let depth = 0;
  for (let at = from; at < source.length; at++) {
    if (source.startsWith('(;', at)) {
      depth++;
      at++;
    } else if (source.startsWith(';)', at)) {
      at++;
      if (--depth === 0) return at + 1;
    }
  }
  throw new Error('a comment is not closed');
}

function stringEnd(source: string, from: number): number {
  for (let at = from + 1; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === '"') return at + 1;
  }
  throw new Error('a string is not closed');
}

function atomEnd(source: string, from: number): number {
  let at = from;
  while (at < source.length && !/[\s()";]/.test(source[at] as string)) at++;
  return Math.max(at, from + 1);
}

const ESCAPES: Readonly<Record<string, string>> = {
  t: '\t',
  n: '\n',
  r: '\r',
  '"': '"',
  "'": "'",
  '\\': '\\',
};

function quoted(literal: string): Quoted {
  const bytes: Uint8Array[] = [];
  const inner = literal.slice(1, -1);
  for (const [, code, hex, letter, plain] of inner.matchAll(
    /\\u\{([0-9a-fA-F_]+)\}|\\([0-9a-fA-F]{2})|\\(.)|([^\\]+)/gsu,
  )) {
    if (hex !== undefined) bytes.push(Uint8Array.of(Number.parseInt(hex, 16)));
    else if (code !== undefined)
      bytes.push(Buffer.from(String.fromCodePoint(Number.parseInt(code.replaceAll('_', ''), 16))));
    else bytes.push(Buffer.from(plain ?? ESCAPES[letter ?? ''] ?? ''));
  }
  const all = Buffer.concat(bytes);
  return { kind: 'string', bytes: all, text: all.toString('utf8') };
}

/** The word a form begins with. */
export const headOf = (item: Item | undefined): string =>
  item?.kind === 'form' && item.items[0]?.kind === 'atom' ? item.items[0].text : '';
