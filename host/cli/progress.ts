/**
 * A progress bar for people: share, bytes, speed and time left, on one line of a terminal that is written over.
 *
 * Where standard error is no terminal nothing is ever written: a log full of bars helps nobody.
 */

import type { Clock } from '../clock.ts';
import type { World } from './world.ts';

export interface Progress {
  /** So many bytes more are done. */
  advance(bytes: number): void;
  /** Draws the last state and leaves the line. Idempotent. */
  finish(): void;
}

/** Faster than that the eye sees no difference, and the terminal costs more than the work. */
const DRAW_INTERVAL_MS = 100;
const BAR_CELLS = 24;
const MiB = 1024 * 1024;
/** Of the return to the line's start and the erasing of what is left of it. */
const ERASE_TO_END = '\u001b[K';

/** `totalBytes` is undefined for a pipe: then neither share nor time left is known, and neither is shown. */
export function createProgress(
  stderr: World['stderr'],
  clock: Clock,
  totalBytes: number | undefined,
): Progress {
  if (stderr.isTTY !== true) return { advance() {}, finish() {} };
  let startMs: number | undefined;
  let doneBytes = 0;
  let drawnMs: number | undefined;
  let isFinished = false;

  const draw = (nowMs: number): void => {
    drawnMs = nowMs;
    stderr.write(`\r${progressText(doneBytes, totalBytes, nowMs - (startMs ?? nowMs))}${ERASE_TO_END}`);
  };
  return {
    advance(bytes) {
      doneBytes += bytes;
      const nowMs = clock.now();
      // Not before: the start of a host is no part of the speed.
      startMs ??= nowMs;
      if (drawnMs === undefined || nowMs - drawnMs >= DRAW_INTERVAL_MS) draw(nowMs);
    },
    finish() {
      if (isFinished) return;
      isFinished = true;
      draw(clock.now());
      stderr.write('\n');
    },
  };
}

/** One line: `[#####-----]  50 %  8.0 of 16.0 MiB  120 MB/s  ETA 0:03`. Speed is in units of 10^6 bytes. */
export function progressText(doneBytes: number, totalBytes: number | undefined, elapsedMs: number): string {
  const bytesPerMs = elapsedMs > 0 ? doneBytes / elapsedMs : 0;
  const speed = bytesPerMs > 0 ? `${(bytesPerMs / 1000).toFixed(1)} MB/s` : '– MB/s';
  const done = (doneBytes / MiB).toFixed(1);
  if (totalBytes === undefined) return `${done} MiB  ${speed}`;
  // A file may grow while it is read.
  const share = totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes);
  const full = Math.floor(share * BAR_CELLS);
  const bar = `[${'#'.repeat(full)}${'-'.repeat(BAR_CELLS - full)}]`;
  const leftMs = bytesPerMs > 0 ? Math.max(0, totalBytes - doneBytes) / bytesPerMs : undefined;
  const eta = leftMs === undefined ? '–' : durationText(Math.ceil(leftMs / 1000));
  const percent = `${Math.floor(share * 100)} %`.padStart(5);
  return `${bar} ${percent}  ${done} of ${(totalBytes / MiB).toFixed(1)} MiB  ${speed}  ETA ${eta}`;
}

function durationText(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
