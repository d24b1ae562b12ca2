/** CSV as RFC 4180 has it → lines of values; a value without quotes that is empty is null. Throws where it is not CSV. */

export function parseCsv(text: string): (string | null)[][] {
  const lines: (string | null)[][] = [];
  let line: (string | null)[] = [];
  let at = 0;
  while (at < text.length) {
    let value: string | null = '';
    if (text[at] === '"') {
      const field = /"((?:[^"]|"")*)"/y;
      field.lastIndex = at;
      const match = field.exec(text);
      if (match === null) throw new Error(`no end of quotes at ${at}`);
      value = (match[1] as string).replaceAll('""', '"');
      at = field.lastIndex;
    } else {
      const field = /[^",\r\n]*/y;
      field.lastIndex = at;
      value = field.exec(text)?.[0] || null;
      at = field.lastIndex;
    }
    line.push(value);
    if (text[at] === ',') {
      at += 1;
    } else if (text.startsWith('\r\n', at)) {
      at += 2;
      lines.push(line);
      line = [];
    } else {
      throw new Error(`neither comma nor end of line at ${at}`);
    }
  }
  return lines;
}
