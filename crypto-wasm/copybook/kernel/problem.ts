/**
 * The one problem that ends an operation: what is wrong, and where.
 *
 * AssemblyScript has no exceptions that survive: a thrown one is a trap, and a trap costs the cell. So everything
 * that can fail says so here and returns; its callers look at `hasProblem()` and return too. The first problem of a
 * call stands; later ones are ignored, because they mostly follow from it. `clearProblem` begins every call.
 */

/** Codes that the host knows, `COPYBOOK_…` there. */
export const SYNTAX: string = 'SYNTAX';
export const OPTIONS: string = 'OPTIONS';
export const LIMIT: string = 'LIMIT';
/** A record's bytes are not what the copybook says. */
export const DATA: string = 'DATA';
/** Lengths of records and blocks do not work out. */
export const FRAMING: string = 'FRAMING';
/** JSON to be encoded does not fit the copybook. */
export const VALUE: string = 'VALUE';
/** The payload does not have the layout of its operation. */
export const PAYLOAD: string = 'PAYLOAD';

let code: string = '';
let message: string = '';
let line: i32 = 0;
let column: i32 = 0;
let record: i64 = -1;
let offset: i64 = -1;
let field: string = '';

export function clearProblem(): void {
  code = '';
  message = '';
  line = 0;
  column = 0;
  record = -1;
  offset = -1;
  field = '';
}

export function hasProblem(): bool {
  return code.length > 0;
}

/** In the copybook's text; line and column count from 1. */
export function failAt(atLine: i32, atColumn: i32, what: string): void {
  if (hasProblem()) return;
  code = SYNTAX;
  message = what;
  line = atLine;
  column = atColumn;
}

/** Without a place: options, limits, payloads. */
export function fail(withCode: string, what: string): void {
  if (hasProblem()) return;
  code = withCode;
  message = what;
}

/** In the data. Records count from 0, offsets are bytes of the whole input; the field's name may be empty. */
export function failInRecord(withCode: string, atRecord: i64, atOffset: i64, inField: string, what: string): void {
  if (hasProblem()) return;
  code = withCode;
  message = what;
  record = atRecord;
  offset = atOffset;
  field = inField;
}

/** `{"code":…,"message":…}` with `line` and `column`, or `record`, `offset` and `field`, where they are known. */
export function problemJson(): string {
  let json = '{"code":' + quoted(code) + ',"message":' + quoted(message);
  if (line > 0) json += ',"line":' + line.toString() + ',"column":' + column.toString();
  if (record >= 0) json += ',"record":' + record.toString();
  if (offset >= 0) json += ',"offset":' + offset.toString();
  if (field.length > 0) json += ',"field":' + quoted(field);
  return json + '}';
}

/** A JSON string. */
export function quoted(text: string): string {
  let json = '"';
  // Runs and not characters: a joined text is a new one, and memory is not given back within a call.
  let done = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x20 && unit != 0x22 && unit != 0x5c && (unit < 0xd800 || unit >= 0xe000)) continue;
    json += text.substring(done, i) + (unit == 0x22 ? '\\"' : unit == 0x5c ? '\\\\' : '\\u' + hex4(unit));
    done = i + 1;
  }
  return json + (done == 0 ? text : text.substring(done)) + '"';
}

function hex4(unit: i32): string {
  const digits = '0123456789abcdef';
  let text = '';
  for (let shift = 12; shift >= 0; shift -= 4) text += digits.charAt((unit >> shift) & 15);
  return text;
}
