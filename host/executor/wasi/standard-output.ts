/**
 * Standard output and error of a cell: bytes in, lines of the log out.
 *
 * A line ends at a line feed, at `LINE_MAX_BYTES`, or with the call. Always: what is not granted to be logged is not kept
 * either; at most one line of each of the two is held. How much a call may log is the host's to cut (`CellContext.log`).
 */

import type { CellContext } from '../imports-contract.ts';
import { WINDOW_BYTES, type WriteSink } from './streams.ts';

/** A longer line is cut into several. */
export const LINE_MAX_BYTES = 4096;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const STANDARD = Symbol('standard output and error');
const LEVELS = { stdout: 'info', stderr: 'warn' } as const;

type Name = keyof typeof LEVELS;

class Lines {
  readonly #emit: (line: string) => void;
  readonly #decoder = new TextDecoder();
  /** Allocated when something is printed: most cells print nothing. */
  #pending = new Uint8Array(0);
  #pendingLength = 0;
  /** The last line was cut off: a line feed right after it ends no other one. */
  #isCut = false;

  constructor(emit: (line: string) => void) {
    this.#emit = emit;
  }

  add(bytes: Uint8Array): void {
    if (this.#pending.length === 0) this.#pending = new Uint8Array(LINE_MAX_BYTES);
    let at = 0;
    while (at < bytes.length) {
      const room = LINE_MAX_BYTES - this.#pendingLength;
      const feed = bytes.subarray(at, at + room).indexOf(LINE_FEED);
      const end = feed < 0 ? Math.min(bytes.length, at + room) : at + feed;
      this.#pending.set(bytes.subarray(at, end), this.#pendingLength);
      this.#pendingLength += end - at;
      at = end;
      if (feed >= 0) {
        at++;
        if (this.#pendingLength > 0 || !this.#isCut) this.#line(this.#pendingLength);
        this.#isCut = false;
      } else if (this.#pendingLength === LINE_MAX_BYTES) {
        this.#line(wholeCharacters(this.#pending));
        this.#isCut = true;
      }
    }
  }

  /** What has no line feed yet is a line now. */
  end(): void {
    if (this.#pendingLength > 0) this.#line(this.#pendingLength);
  }

  /** The first `length` pending bytes are a line; the rest stays. */
  #line(length: number): void {
    const end = length > 0 && this.#pending[length - 1] === CARRIAGE_RETURN ? length - 1 : length;
    this.#emit(this.#decoder.decode(this.#pending.subarray(0, end)));
    this.#pending.copyWithin(0, length, this.#pendingLength);
    this.#pendingLength -= length;
  }
}

/** Length of `bytes` without a character of UTF-8 that is cut off at its end; all of it if that is no UTF-8. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= 3; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

function linesOf(cell: CellContext): Readonly<Record<Name, Lines>> {
  return cell.state(STANDARD, () => ({
    stdout: new Lines((line) => cell.log(LEVELS.stdout, line)),
    stderr: new Lines((line) => cell.log(LEVELS.stderr, line)),
  }));
}

/** Where standard output or error of the cell goes. It never waits. */
export function standardSink(cell: CellContext, name: Name): WriteSink {
  const lines = cell.grants.log ? linesOf(cell)[name] : undefined;
  return {
    ready: () => true,
    permit: () => WINDOW_BYTES,
    write(bytes) {
      lines?.add(bytes);
      return undefined;
    },
  };
}

/** To be called when a call of the guest has ended: what it printed without a line feed is logged with this call. */
export function endStandardOutput(cell: CellContext): void {
  if (!cell.grants.log) return;
  const { stdout, stderr } = linesOf(cell);
  stdout.end();
  stderr.end();
}
