/**
 * How far a run of the suite is: a line that is written over on a terminal, a line for each table elsewhere.
 */

import type { Clock } from '../clock.ts';
import type { World } from './world.ts';

/** As `bench/suite/suite.ts` reports it. */
export interface BenchState {
  readonly table: string;
  readonly tableIndex: number;
  readonly tableCount: number;
  readonly tableShare: number;
  readonly elapsedMs: number;
  readonly leftMs: number | undefined;
  readonly text: string;
}

export interface BenchProgress {
  show(state: BenchState): void;
  /** Takes the line away, so that something else can be printed. */
  clear(): void;
}

/** Faster than that the eye sees no difference, and drawing takes turns from what is measured. */
const DRAW_INTERVAL_MS = 100;
const BAR_CELLS = 24;
const COLUMNS_DEFAULT = 80;
const LINE_START = '\r';
const ERASE_TO_END = '\u001b[K';

export function createBenchProgress(stderr: World['stderr'], clock: Clock): BenchProgress {
  let drawnMs = Number.NEGATIVE_INFINITY;
  let drawnTable = 0;
  let isDrawn = false;
  return {
    show(state) {
      const isNewTable = state.tableIndex !== drawnTable;
      drawnTable = state.tableIndex;
      if (stderr.isTTY !== true) {
        if (isNewTable) stderr.write(`${benchLine(state)}\n`);
        return;
      }
      const nowMs = clock.now();
      if (!isNewTable && nowMs - drawnMs < DRAW_INTERVAL_MS) return;
      drawnMs = nowMs;
      isDrawn = true;
      // One that wraps could not be written over.
      const line = benchBar(state).slice(0, (stderr.columns ?? COLUMNS_DEFAULT) - 1);
      stderr.write(`${LINE_START}${line}${ERASE_TO_END}`);
    },
    clear() {
      if (isDrawn) stderr.write(`${LINE_START}${ERASE_TO_END}`);
      isDrawn = false;
      drawnMs = Number.NEGATIVE_INFINITY;
    },
  };
}

/** `table 3/12 cold, 0:41 elapsed, about 2:10 left` */
export function benchLine({ table, tableIndex, tableCount, elapsedMs, leftMs }: BenchState): string {
  return `table ${tableIndex}/${tableCount} ${table}, ${timeText(elapsedMs)} elapsed${leftText(leftMs)}`;
}

/** `[#####-----] 3/12 cold  round 2/5: warm lease  0:41 elapsed, about 2:10 left` */
export function benchBar(state: BenchState): string {
  const { table, tableIndex, tableCount, tableShare, elapsedMs, leftMs, text } = state;
  const share = (tableIndex - 1 + tableShare) / tableCount;
  const full = Math.floor(Math.min(1, share) * BAR_CELLS);
  const bar = `[${'#'.repeat(full)}${'-'.repeat(BAR_CELLS - full)}]`;
  return `${bar} ${tableIndex}/${tableCount} ${table}  ${timeText(elapsedMs)} elapsed${leftText(leftMs)}  ${text}`;
}

const leftText = (leftMs: number | undefined): string =>
  leftMs === undefined ? '' : `, about ${timeText(leftMs)} left`;

/** `m:ss`, rounded up: a run that still goes on has not zero seconds left. */
function timeText(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
