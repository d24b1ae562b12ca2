/**
 * The smallest set of lines to take out of one text and put into another.
 *
 * Lines are numbered first, equal ones by the same number, so that they are compared as numbers. Then the middle of a shortest
 * path is looked for from both ends, and each half likewise: time grows with the length times the difference, memory with the
 * length alone.
 * Source: E. W. Myers, An O(ND) Difference Algorithm and Its Variations, 1986, §4b.
 */

/** Of each text. Numbers, marks and paths of so many lines take some 10 MiB. */
export const LINES_MAX: i32 = 200_000;
/** Lines taken out and put in together. The search grows with the square of it: about a tenth of a second. */
export const EDITS_MAX: i32 = 10_000;

/** Lines of a text: where each begins, what number it has, and whether the other text lacks it. */
@final
export class Lines {
  /** One more than there are lines: the last is the end. */
  readonly starts: StaticArray<usize>;
  readonly numbers: StaticArray<i32>;
  readonly changed: StaticArray<bool>;

  constructor(
    text: Uint8Array,
    readonly count: i32,
  ) {
    this.starts = new StaticArray<usize>(count + 1);
    this.numbers = new StaticArray<i32>(count);
    this.changed = new StaticArray<bool>(count);
    const end = text.dataStart + <usize>text.length;
    let index = 0;
    for (let at = text.dataStart; at < end; index++) {
      this.starts[index] = at;
      while (at < end && load<u8>(at) != 0x0a) at++;
      if (at < end) at++;
    }
    this.starts[count] = end;
  }

  // @ts-ignore: decorator
  @inline
  lengthOf(index: i32): i32 {
    return <i32>(this.starts[index + 1] - this.starts[index]);
  }
}

@final
export class Changes {
  added: i32 = 0;
  removed: i32 = 0;
  /** 0: none; 1: too many lines; 2: too different. */
  problem: i32 = 0;

  constructor(
    readonly before: Lines,
    readonly after: Lines,
  ) {}
}

/** The texts are borrowed: the result points into them. */
export function compare(before: Uint8Array, after: Uint8Array): Changes {
  const beforeCount = countLines(before);
  const afterCount = countLines(after);
  if (beforeCount > LINES_MAX || afterCount > LINES_MAX) {
    const nothing = new Lines(new Uint8Array(0), 0);
    const refused = new Changes(nothing, nothing);
    refused.problem = 1;
    return refused;
  }
  const changes = new Changes(new Lines(before, beforeCount), new Lines(after, afterCount));
  numberLines(changes.before, changes.after);
  const search = new Search(changes);
  search.run(0, beforeCount, 0, afterCount);
  return changes;
}

function countLines(text: Uint8Array): i32 {
  let count = 0;
  for (let at = 0; at < text.length; at++) if (unchecked(text[at]) == 0x0a) count++;
  return text.length > 0 && text[text.length - 1] != 0x0a ? count + 1 : count;
}

/** Equal lines of both texts get the same number: by a table with open addressing, twice as large as there are lines. */
function numberLines(before: Lines, after: Lines): void {
  let size = 16;
  while (size < 2 * (before.count + after.count)) size *= 2;
  // Slot → number + 1; number → the line it was given for first.
  const slots = new StaticArray<i32>(size);
  const firsts = new StaticArray<usize>(before.count + after.count);
  const lengths = new StaticArray<i32>(before.count + after.count);
  let next = 0;
  for (let side = 0; side < 2; side++) {
    const lines = side == 0 ? before : after;
    for (let index = 0; index < lines.count; index++) {
      const at = lines.starts[index];
      const length = lines.lengthOf(index);
      let slot = <i32>(hashLine(at, length) & (size - 1));
      for (; ; slot = (slot + 1) & (size - 1)) {
        const number = slots[slot] - 1;
        if (number < 0) {
          slots[slot] = next + 1;
          firsts[next] = at;
          lengths[next] = length;
          lines.numbers[index] = next++;
          break;
        }
        if (lengths[number] == length && memory.compare(firsts[number], at, length) == 0) {
          lines.numbers[index] = number;
          break;
        }
      }
    }
  }
}

/** FNV-1a, with its bits mixed once more for the slots. */
function hashLine(at: usize, length: i32): u32 {
  let hash: u32 = 0x811c9dc5;
  for (let index = 0; index < length; index++) hash = (hash ^ load<u8>(at + index)) * 0x01000193;
  return hash ^ (hash >>> 15);
}

/** Furthest points reached on each diagonal (x − y), from the beginning and from the end. */
@final
class Search {
  private readonly forward: StaticArray<i32>;
  private readonly backward: StaticArray<i32>;
  /** Where diagonal 0 is: diagonals below it have lines of `after` before lines of `before`. */
  private readonly zero: i32;
  private middleX: i32 = 0;
  private middleY: i32 = 0;

  constructor(private readonly changes: Changes) {
    const diagonals = changes.before.count + changes.after.count + 3;
    this.zero = changes.after.count + 1;
    this.forward = new StaticArray<i32>(diagonals);
    this.backward = new StaticArray<i32>(diagonals);
  }

  /** Marks what differs between lines `x…xEnd` of the one and `y…yEnd` of the other. */
  run(x: i32, xEnd: i32, y: i32, yEnd: i32): void {
    const a = this.changes.before.numbers;
    const b = this.changes.after.numbers;
    while (x < xEnd && y < yEnd && unchecked(a[x] == b[y])) {
      x++;
      y++;
    }
    while (x < xEnd && y < yEnd && unchecked(a[xEnd - 1] == b[yEnd - 1])) {
      xEnd--;
      yEnd--;
    }
    if (x == xEnd || y == yEnd) {
      this.changes.removed += xEnd - x;
      this.changes.added += yEnd - y;
      for (; x < xEnd; x++) this.changes.before.changed[x] = true;
      for (; y < yEnd; y++) this.changes.after.changed[y] = true;
      return;
    }
    if (!this.findMiddle(x, xEnd, y, yEnd)) {
      this.changes.problem = 2;
      return;
    }
    const middleX = this.middleX;
    const middleY = this.middleY;
    this.run(x, middleX, y, middleY);
    if (this.changes.problem == 0) this.run(middleX, xEnd, middleY, yEnd);
  }

  /** False when the path is longer than it may be. Both sides are not empty, and neither begin nor end alike. */
  private findMiddle(x: i32, xEnd: i32, y: i32, yEnd: i32): bool {
    const a = this.changes.before.numbers;
    const b = this.changes.after.numbers;
    const forward = this.forward;
    const backward = this.backward;
    const zero = this.zero;
    const lowest = x - yEnd;
    const highest = xEnd - y;
    const fromStart = x - y;
    const fromEnd = xEnd - yEnd;
    const isOdd = ((fromStart - fromEnd) & 1) != 0;
    let fLow = fromStart;
    let fHigh = fromStart;
    let bLow = fromEnd;
    let bHigh = fromEnd;
    forward[zero + fromStart] = x;
    backward[zero + fromEnd] = xEnd;
    for (let cost = 1; 2 * cost <= EDITS_MAX; cost++) {
      // Beyond the borders there is nothing to come from.
      if (fLow > lowest) forward[zero + --fLow - 1] = -1;
      else fLow++;
      if (fHigh < highest) forward[zero + ++fHigh + 1] = -1;
      else fHigh--;
      for (let diagonal = fHigh; diagonal >= fLow; diagonal -= 2) {
        const below = unchecked(forward[zero + diagonal - 1]);
        const above = unchecked(forward[zero + diagonal + 1]);
        let atX = below < above ? above : below + 1;
        let atY = atX - diagonal;
        while (atX < xEnd && atY < yEnd && unchecked(a[atX] == b[atY])) {
          atX++;
          atY++;
        }
        unchecked((forward[zero + diagonal] = atX));
        if (isOdd && bLow <= diagonal && diagonal <= bHigh && unchecked(backward[zero + diagonal]) <= atX) {
          return this.meet(atX, atY);
        }
      }
      if (bLow > lowest) backward[zero + --bLow - 1] = i32.MAX_VALUE;
      else bLow++;
      if (bHigh < highest) backward[zero + ++bHigh + 1] = i32.MAX_VALUE;
      else bHigh--;
      for (let diagonal = bHigh; diagonal >= bLow; diagonal -= 2) {
        const below = unchecked(backward[zero + diagonal - 1]);
        const above = unchecked(backward[zero + diagonal + 1]);
        let atX = below < above ? below : above - 1;
        let atY = atX - diagonal;
        while (atX > x && atY > y && unchecked(a[atX - 1] == b[atY - 1])) {
          atX--;
          atY--;
        }
        unchecked((backward[zero + diagonal] = atX));
        if (!isOdd && fLow <= diagonal && diagonal <= fHigh && atX <= unchecked(forward[zero + diagonal])) {
          return this.meet(atX, atY);
        }
      }
    }
    return false;
  }

  private meet(x: i32, y: i32): bool {
    this.middleX = x;
    this.middleY = y;
    return true;
  }
}
