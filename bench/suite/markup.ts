/**
 * HTML and SVG as values: what is put into a template is escaped, unless it came from a template itself. Names of adapters, reasons
 * and notes are written by others; there is no way to put them into a report unescaped.
 */

const MARKUP = Symbol('markup');

/** Text that is HTML already. Made by `html` alone. */
export interface Markup {
  readonly [MARKUP]: string;
}

export type Content = string | number | Markup | undefined | readonly Content[];

/** A template: texts and numbers are escaped, lists joined, undefined left out. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  let text = parts[0] ?? '';
  for (const [index, value] of values.entries()) text += render(value) + (parts[index + 1] ?? '');
  return { [MARKUP]: text };
}

export function textOf(markup: Markup): string {
  return markup[MARKUP];
}

function render(content: Content): string {
  if (content === undefined) return '';
  if (typeof content === 'number') return String(content);
  if (typeof content === 'string') return escapeHtml(printable(content));
  return MARKUP in content ? content[MARKUP] : content.map(render).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

/**
 * The text on one line, without what a reader cannot see or what turns the order of letters round: control characters, and
 * those of category Cf (bidirectional overrides, zero width) become U+FFFD.
 */
export function printable(text: string): string {
  return text.replace(/\s+/gu, ' ').replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, '\u{fffd}');
}

/** For a place that has no room for more: cut, with an ellipsis. */
export function shorten(text: string, maxCharacters: number): string {
  const characters = [...printable(text)];
  return characters.length > maxCharacters
    ? `${characters.slice(0, maxCharacters - 1).join('')}…`
    : printable(text);
}

/** A name in Markdown: a code span, so that neither markup nor a mention nor a link in it works. */
export function codeSpan(text: string): string {
  const plain = printable(text).trim().replace(/\|/g, '\\|');
  const runs = plain.match(/`+/g) ?? [];
  const fence = '`'.repeat(1 + Math.max(0, ...runs.map(({ length }) => length)));
  return runs.length > 0 || plain === '' ? `${fence} ${plain} ${fence}` : `${fence}${plain}${fence}`;
}

/** Prose in Markdown: every character that could begin markup, a mention, a reference or a link stands for itself. */
export function escapeMarkdown(text: string): string {
  return printable(text)
    .replace(/[\\`*_[\]#!|<>~&$]/g, (character) => `\\${character}`)
    .replace(/@(?=\w)/g, '@<!-- -->')
    .replace(/:(?=\/\/)|(?<=\bwww)\./gi, (character) => `${character}<!-- -->`);
}
