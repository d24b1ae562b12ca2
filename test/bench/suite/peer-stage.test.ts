/** Subjects as a table sees them: rows, absences with reasons, and what may not be missing. */

import { expect, test } from 'vitest';
import { compareAnswers, type Stage, type Target } from '../../../bench/harness.ts';
import { inputOf, referenceAnswer } from '../../../bench/suite/guests/work.ts';
import { type Opened, openStage } from '../../../bench/suite/peer-stage.ts';
import { peerTables } from '../../../bench/suite/peers.ts';
import type { Refusal, Subject } from '../../../bench/suite/subject.ts';
import { listSubjects } from '../../../bench/suite/subjects.ts';

const WORKLOAD = 'transform-4KiB';
const INPUT = inputOf(WORKLOAD);

const subject = (name: string, more: Partial<Subject> = {}): Subject => ({
  name,
  row: `The ${name}`,
  note: `how ${name} is configured`,
  ...more,
});

function standing(closed: string[], name: string, answer = referenceAnswer(WORKLOAD, INPUT)): Opened {
  return {
    answer: async () => answer,
    round: () => ({ samples: [1] }),
    async close() {
      closed.push(name);
    },
  };
}

const stage = (
  subjects: readonly Subject[],
  open: (subject: Subject) => Promise<Opened | Refusal>,
  targetsOf: (subject: Subject, rows: readonly Subject[]) => readonly Target[] = () => [],
): Promise<Stage> => openStage({ subjects, workload: WORKLOAD, input: INPUT, open, targetsOf });

test('who stands has a row with its configuration, who does not has its reason', async () => {
  const closed: string[] = [];
  const opened = await stage(
    [
      subject('cell', { isRequired: true }),
      subject('refuser'),
      subject('crasher'),
      subject('stranger', { peer: 'no-such-package-of-bench-peers' }),
    ],
    async ({ name }) => {
      if (name === 'refuser') return { reason: 'it knows no such guest' };
      if (name === 'crasher')
        throw new Error('the process ended:\nfile.js:1\n\nTypeError: x is no function\n at y');
      if (name === 'stranger') throw new Error('what is not installed is not opened');
      return standing(closed, name);
    },
  );
  expect(opened.contestants.map(({ row, note }) => [row, note])).toEqual([
    ['The cell', 'how cell is configured'],
  ]);
  expect(opened.absent).toEqual([
    { row: 'The refuser', reason: 'it knows no such guest' },
    { row: 'The crasher', reason: 'it did not open: TypeError: x is no function' },
    {
      row: 'The stranger',
      reason: expect.stringMatching(/^no-such-package-of-bench-peers is not installed: .*--peers/),
    },
  ]);
  await opened.close();
  expect(closed).toEqual(['cell']);
});

test('a table without ours breaks, and nothing of it stays open', async () => {
  const closed: string[] = [];
  await expect(
    stage([subject('cell', { isRequired: true }), subject('peer')], async ({ name }) => {
      if (name === 'cell') throw new Error('no executor');
      return standing(closed, name);
    }),
  ).rejects.toThrow('no executor');
  expect(closed).toEqual(['peer']);
});

test('an answer that differs from the reference ends the table before anything is timed', async () => {
  const { contestants } = await stage([subject('right'), subject('wrong')], async ({ name }) =>
    standing([], name, name === 'wrong' ? INPUT : undefined),
  );
  await expect(compareAnswers(contestants)).rejects.toThrow(
    "'The wrong' does not answer what the reference says",
  );
});

test('targets are held against those who stand', async () => {
  const { contestants } = await stage(
    [subject('cell'), subject('here'), subject('away')],
    async ({ name }) => (name === 'away' ? { reason: 'not today' } : standing([], name)),
    ({ name }, rows) =>
      name === 'cell'
        ? rows.slice(1).map(({ row }): Target => ({ metric: 'p50', test: '<=', value: 1, against: row }))
        : [],
  );
  expect(contestants[0]?.targets).toEqual([{ metric: 'p50', test: '<=', value: 1, against: 'The here' }]);
});

test('every subject has a name of its own, a row of its own and says how it is configured', () => {
  const subjects = listSubjects();
  expect(new Set(subjects.map(({ name }) => name)).size).toBe(subjects.length);
  expect(new Set(subjects.map(({ row }) => row)).size).toBe(subjects.length);
  for (const { note, open, serve } of subjects) {
    expect(note).toMatch(/\.$/);
    expect(open ?? serve).toBeDefined();
  }
});

test('every baseline is a row of ours or of plain Node, which needs no installation', () => {
  const rows = listSubjects()
    .filter(({ isRequired, peer }) => isRequired && peer === undefined)
    .map(({ row }) => row);
  const tables = peerTables();
  expect(new Set(tables.map(({ name }) => name)).size).toBe(tables.length);
  for (const { baseline } of tables) expect(rows).toContain(baseline);
});
