/**
 * Edited texts (`XX/XX`, `XBX0X`): characters with others inserted between them.
 *
 * A plan is a list of runs, as long as the picture is, not as long as the text. Bytes are those of the code page; who
 * calls gives the byte of every ASCII character.
 */

class EditedRun {
  constructor(
    /** 0 for characters of the text, else the inserted ASCII character. */
    readonly symbol: u8,
    readonly count: i32,
  ) {}
}

export class EditedTextPlan {
  constructor(
    readonly runs: StaticArray<EditedRun>,
    /** Characters that are not inserted ones. */
    readonly textCount: i32,
    readonly lengthBytes: i32,
  ) {}
}

/** Longest repetition of one symbol. */
const REPETITION_MAX_COUNT: i32 = 1 << 24;

/** Null where it is no edited text: symbols are X A 9 B 0 and /. */
export function parseEditedText(picture: string): EditedTextPlan | null {
  const runs: EditedRun[] = [];
  let textCount: i64 = 0;
  let length: i64 = 0;
  let i = 0;
  while (i < picture.length) {
    const unit = picture.charCodeAt(i++) & (picture.charCodeAt(i - 1) >= 0x61 ? 0xdf : 0xff);
    const isText = unit == 0x58 || unit == 0x41 || unit == 0x39; // X A 9
    if (!isText && unit != 0x42 && unit != 0x30 && unit != 0x2f) return null; // B 0 /
    let count: i32 = 1;
    if (i < picture.length && picture.charCodeAt(i) == 0x28) {
      count = 0;
      const from = ++i;
      while (i < picture.length && picture.charCodeAt(i) >= 0x30 && picture.charCodeAt(i) <= 0x39) {
        count = count * 10 + (picture.charCodeAt(i++) - 0x30);
        if (count > REPETITION_MAX_COUNT) return null;
      }
      if (i == from || i >= picture.length || picture.charCodeAt(i++) != 0x29 || count == 0) return null;
    }
    if (isText) textCount += count;
    length += count;
    if (length > REPETITION_MAX_COUNT) return null;
    runs.push(new EditedRun(isText ? 0 : unit == 0x42 ? 0x20 : <u8>unit, count));
  }
  return new EditedTextPlan(StaticArray.fromArray(runs), <i32>textCount, <i32>length);
}

/**
 * Whether a text looks edited already: where it reaches an insertion character's place, that character stands there.
 * `bytes` are those of the code page; `fromAscii` has the byte of each ASCII character.
 */
export function isEditedText(plan: EditedTextPlan, text: usize, bytes: i32, fromAscii: usize): bool {
  let at = 0;
  for (let i = 0; i < plan.runs.length && at < bytes; i++) {
    const run = plan.runs[i];
    if (run.symbol == 0) {
      at += run.count;
      continue;
    }
    const inserted = load<u8>(fromAscii + run.symbol);
    const end = min(at + run.count, bytes);
    for (; at < end; at++) if (load<u8>(text + at) != inserted) return false;
  }
  return true;
}

/** Writes `plan.lengthBytes` at `out`: the text's bytes, spaces behind them, and what is inserted. */
export function formatEditedText(plan: EditedTextPlan, text: usize, bytes: i32, fromAscii: usize, out: usize): void {
  const space = load<u8>(fromAscii + 0x20);
  const end = text + bytes;
  for (let i = 0; i < plan.runs.length; i++) {
    const run = plan.runs[i];
    if (run.symbol == 0) {
      const taken = <i32>min<usize>(run.count, end - text);
      memory.copy(out, text, taken);
      memory.fill(out + taken, space, run.count - taken);
      text += taken;
    } else {
      memory.fill(out, load<u8>(fromAscii + run.symbol), run.count);
    }
    out += run.count;
  }
}
