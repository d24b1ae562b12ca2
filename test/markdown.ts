/**
 * Tables of a Markdown text as rows of cells, so that a table made from data and one that the formatter has aligned can
 * be compared cell by cell.
 */

export type Table = readonly (readonly string[])[];

/** A table: lines that begin and end with a bar. */
export const TABLE = /(?:^\|.*\|$\n?)+/gm;

/** Every table in the text, heads included, the line below the head left out. */
export function tablesOf(markdown: string): Table[] {
  const blocks = markdown.match(TABLE) ?? [];
  return blocks.map((block) =>
    block
      .trim()
      .split('\n')
      .filter((line) => !/^[|\s-]+$/.test(line))
      .map((line) =>
        line
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim()),
      ),
  );
}

/** The table of `markdown` with this head; fails the test that asks for one that is not there. */
export function tableUnder(markdown: string, head: readonly string[]): Table {
  const found = tablesOf(markdown).find((table) => JSON.stringify(table[0]) === JSON.stringify(head));
  if (!found) throw new Error(`there is no table with the head | ${head.join(' | ')} |`);
  return found;
}

/** A table as Markdown, for pasting: the formatter aligns it. */
export function markdownOf(table: Table): string {
  const [head = [], ...body] = table;
  return [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
