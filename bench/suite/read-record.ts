/**
 * From a record (record.ts) back to a run: tables with rows, rounds and metrics, as the harness had them.
 *
 * A last line that was cut off is what an interrupted run leaves: the rest is read and the run says so. Any other line that is not what
 * record.ts writes is an error that names the line: figures of a damaged record are not to be stated.
 */

import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Absence, gather, type MeasuredRow, type Round } from '../harness.ts';
import { shorten } from './markup.ts';
import {
  type BrokenLine,
  type EndLine,
  RECORD_FORMAT,
  type RecordLine,
  type RoundLine,
  type RunLine,
  type TableLine,
} from './record.ts';

/** Longest reason or error that reports repeat. */
const PROSE_MAX_CHARACTERS = 600;
/** Names are refused beyond: they are keys, and every table prints them. */
const NAME_MAX_CHARACTERS = 300;

export interface RecordedTable
  extends Pick<TableLine, 'name' | 'question' | 'unit' | 'baseline' | 'headline' | 'chart'> {
  /** Only rows that have a round. */
  readonly rows: readonly MeasuredRow[];
  /** With the rows that were to be measured and have no round, because the run was cut off or the table broke. */
  readonly absent: readonly Absence[];
  /** Why it was not measured to its end. */
  readonly broken?: string;
}

export interface RecordedRun {
  /** Name of the record's file. */
  readonly name: string;
  readonly run: RunLine;
  readonly tables: readonly RecordedTable[];
  /** Tables that broke before they had a row. */
  readonly broken: readonly BrokenLine[];
  /** Undefined when the run was cut off. */
  readonly end: EndLine | undefined;
}

/** Reads line by line, so that a record may be larger than the longest string. Throws where it is no record. */
export async function readRecord(path: string): Promise<RecordedRun> {
  const file = await open(path);
  try {
    const reader = createReader(basename(path));
    for await (const line of file.readLines({ autoClose: false })) reader.line(line);
    return reader.end();
  } finally {
    await file.close();
  }
}

/** The same from a text. */
export function parseRecord(text: string, name: string): RecordedRun {
  const reader = createReader(name);
  for (const line of text.split('\n')) reader.line(line);
  return reader.end();
}

interface OpenTable {
  readonly line: TableLine;
  readonly rounds: Map<string, Round[]>;
  broken?: string;
}

function createReader(name: string): { line(text: string): void; end(): RecordedRun } {
  let number = 0;
  let run: RunLine | undefined;
  let end: EndLine | undefined;
  /** A line that is no JSON; allowed as the last one only. */
  let cut: string | undefined;
  const tables = new Map<string, OpenTable>();
  const broken: BrokenLine[] = [];
  const fail = (text: string): never => {
    throw new Error(`${name}, line ${number}: ${text}`);
  };

  function tableOf(wanted: string): OpenTable {
    return tables.get(wanted) ?? fail(`table '${wanted}' was not announced`);
  }

  function take(line: RecordLine): void {
    if (run === undefined && line.kind !== 'run') fail('a record begins with a line of kind "run"');
    switch (line.kind) {
      case 'run':
        if (run !== undefined) fail('a second run: one record holds one run');
        run = checkRun(line, fail);
        return;
      case 'table':
        checkTable(line, fail);
        if (tables.has(line.name)) fail(`table '${line.name}' a second time`);
        tables.set(line.name, { line, rounds: new Map(line.rows.map(({ row }) => [row, []])) });
        return;
      case 'round': {
        checkRound(line, fail);
        const rounds = tableOf(line.table).rounds.get(line.row);
        (rounds ?? fail(`row '${line.row}' was not announced in '${line.table}'`)).push(line);
        return;
      }
      case 'broken': {
        const table = tables.get(line.table);
        if (table === undefined) broken.push({ ...line, error: proseOf(line.error) });
        else table.broken = proseOf(line.error);
        return;
      }
      case 'end':
        end = line;
        return;
      default:
        fail(`unknown kind ${JSON.stringify((line as { kind?: unknown }).kind)}`);
    }
  }

  return {
    line(text) {
      number++;
      if (text.trim() === '') return;
      if (cut !== undefined) fail(`follows a line that is no JSON (${cut}): the record is damaged`);
      let line: unknown;
      try {
        line = JSON.parse(text);
      } catch (error) {
        cut = error instanceof Error ? error.message : String(error);
        return;
      }
      if (typeof line !== 'object' || line === null) fail('is no object');
      take(line as RecordLine);
    },
    end() {
      if (run === undefined) {
        throw new Error(`${name}: not a record of a run${cut === undefined ? ': it is empty' : `: ${cut}`}`);
      }
      return { name, run, tables: [...tables.values()].map(closeTable), broken, end };
    },
  };
}

function closeTable({ line, rounds, broken }: OpenTable): RecordedTable {
  const { name, question, unit, baseline, headline, chart } = line;
  const why = broken === undefined ? 'the run ended before its first round' : `the table broke: ${broken}`;
  const rows: MeasuredRow[] = [];
  const absent: Absence[] = line.absent.map(({ row, reason }) => ({
    row,
    reason: proseOf(reason),
  }));
  for (const row of line.rows) {
    const own = rounds.get(row.row) ?? [];
    if (own.length === 0) absent.push({ row: row.row, reason: why });
    else rows.push({ ...row, metrics: gather(own, unit), rounds: own });
  }
  return {
    name,
    question,
    unit,
    baseline,
    headline,
    ...(chart === undefined ? {} : { chart }),
    rows,
    absent,
    ...(broken === undefined ? {} : { broken }),
  };
}

/** The first line: below it an error has a stack, with paths of the machine. The record keeps all of it. */
function proseOf(text: unknown): string {
  return shorten(String(text).split('\n')[0] ?? '', PROSE_MAX_CHARACTERS);
}

type Fail = (text: string) => never;

function checkRun(line: RunLine, fail: Fail): RunLine {
  if (line.format !== RECORD_FORMAT) {
    fail(
      `format ${JSON.stringify(line.format)}; this version reads ${RECORD_FORMAT}: make the report with the version that made the run`,
    );
  }
  if (typeof line.machine?.cpu !== 'string' || !Number.isFinite(line.seed)) fail('no machine or no seed');
  return line;
}

function checkTable(line: TableLine, fail: Fail): void {
  const texts = [line.name, line.question, line.unit, line.baseline, line.headline];
  if (!texts.every((text) => typeof text === 'string'))
    fail('a table without name, question, unit, baseline or headline');
  if (!Array.isArray(line.rows) || !Array.isArray(line.absent)) fail(`table '${line.name}' without rows`);
  if (![...line.rows, ...line.absent].every(({ row }) => typeof row === 'string'))
    fail('a row without a name');
  const names = [line.name, ...line.rows.map(({ row }) => row), ...line.absent.map(({ row }) => row)];
  if (names.some(({ length }) => length > NAME_MAX_CHARACTERS)) {
    fail(`a name of more than ${NAME_MAX_CHARACTERS} characters`);
  }
  if (!line.rows.every(({ targets }) => Array.isArray(targets))) fail('a row without targets');
}

function checkRound({ row, samples, figures }: RoundLine, fail: Fail): void {
  const numbers = samples === undefined || (Array.isArray(samples) && samples.every(Number.isFinite));
  if (!numbers) fail(`a sample of '${row}' is no number`);
  for (const [name, figure] of Object.entries(figures ?? {})) {
    if (!Number.isFinite(figure?.value)) fail(`figure '${name}' of '${row}' is no number`);
  }
}
