/**
 * Core module → component: the world's types are embedded, and the module is wrapped. Also the parser of text.
 *
 * The module must already export what the Canonical ABI asks of the world, under its names; the tool says what is missing.
 */

/** Throws an Error with the tool's message — the module does not fit the world. */
export async function componentOf(
  core: Uint8Array,
  { wit, world }: { readonly wit: string; readonly world: string },
): Promise<Uint8Array> {
  const { componentEmbed, componentNew } = await import('@bytecodealliance/jco-transpile/wasm-tools');
  try {
    const embedded = await componentEmbed({ binary: core, witSource: wit, world, stringEncoding: 'utf8' });
    return await componentNew(embedded, []);
  } catch (error) {
    throw toolError(error);
  }
}

/** Throws an Error with line and column, both from 1 — the text is not WebAssembly. */
export async function parseText(text: string): Promise<Uint8Array> {
  const { parse } = await import('@bytecodealliance/jco-transpile/wasm-tools');
  try {
    return await parse(text);
  } catch (error) {
    throw toolError(error);
  }
}

/** The tool reports in the payload of its error, which may be a text. */
function toolError(error: unknown): Error {
  const { payload } = (error ?? {}) as { payload?: unknown };
  const text = typeof payload === 'string' ? payload : error instanceof Error ? error.message : String(error);
  return new Error(placed(text.trim()), { cause: error });
}

/** The parser of text prints its error as the structure that it is: place and reason are in it. */
function placed(text: string): string {
  const [, line, column] = /\bline: (\d+), col: (\d+)\b/.exec(text) ?? [];
  const [, reason] = /\bkind: Custom\("((?:[^"\\]|\\.)*)"\)/.exec(text) ?? [];
  if (line === undefined || reason === undefined) return text;
  return `line ${Number(line) + 1}, column ${Number(column) + 1}: ${reason}`;
}
