/**
 * A progress bar: bytes, rate, and the time that is left. Drawn on a terminal, and nowhere else.
 */

import type { Clock } from '../clock.ts';
import type { TerminalSink } from './world.ts';

const MB = 1_000_000;
/** Ten a second: more is flicker. */
const DRAW_MS = 100;
const BAR_WIDTH = 24;

export interface Progress {
  add(bytes: number): void;
  /** Draws the last line, and goes to the next one. */
  end(verb: string): void;
}

/** `totalBytes` undefined: the input is a pipe, of which nobody knows the end. */
export function createProgress(options: {
  readonly sink: TerminalSink;
  readonly clock: Clock;
  readonly totalBytes: number | undefined;
}): Progress {
  const { sink, clock, totalBytes } = options;
  const startMs = clock.now();
  let bytes = 0;
  let drawnMs = Number.NEGATIVE_INFINITY;

  const rate = (): string => {
    const seconds = (clock.now() - startMs) / 1000;
    return seconds > 0 ? `${(bytes / MB / seconds).toFixed(1)} MB/s` : '– MB/s';
  };
  const line = (): string => {
    const done = `${(bytes / MB).toFixed(1)} MB`;
    if (totalBytes === undefined) return `${done}  ${rate()}`;
    const part = totalBytes === 0 ? 1 : Math.min(1, bytes / totalBytes);
    const filled = Math.round(part * BAR_WIDTH);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`;
    const leftS = part > 0 ? ((clock.now() - startMs) / 1000) * (1 / part - 1) : 0;
    return `${bar} ${Math.floor(part * 100)} %  ${done} of ${(totalBytes / MB).toFixed(1)} MB  ${rate()}  ETA ${Math.ceil(leftS)} s`;
  };
  /** Over the line before, whose rest is erased. */
  const draw = (text: string): void => void sink.write(`\r${text}\u001b[K`);

  return {
    add(count) {
      bytes += count;
      if (sink.isTTY !== true || clock.now() - drawnMs < DRAW_MS) return;
      drawnMs = clock.now();
      draw(line());
    },
    end(verb) {
      if (sink.isTTY !== true) return;
      draw(`${verb} ${(bytes / MB).toFixed(1)} MB  ${rate()}\n`);
    },
  };
}
