/** What a machine says of itself, and which machines count as the same. */

import { expect, test } from 'vitest';
import { type Environment, fingerprintMachine, inspectMachine } from '../../bench/machine.ts';
import { ENVIRONMENT } from './suite/synthetic-run.ts';

const files =
  (texts: Readonly<Record<string, string>>) =>
  (path: string): string | undefined =>
    texts[path];

test('the limits of a container and the governor are read where they are to be had', () => {
  const environment = inspectMachine(
    files({
      '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor': 'powersave\n',
      '/sys/fs/cgroup/cpu.max': '150000 100000\n',
      '/sys/fs/cgroup/memory.max': '2147483648\n',
    }),
  );
  expect(environment).toMatchObject({ governor: 'powersave', cpuLimitCores: 1.5, memoryLimitBytes: 2 ** 31 });
  expect(environment.v8).toBe(process.versions.v8);
  expect(environment.memoryBytes).toBeGreaterThan(0);
});

test('no limit, and no file, are no limit', () => {
  const free = inspectMachine(
    files({ '/sys/fs/cgroup/cpu.max': 'max 100000\n', '/sys/fs/cgroup/memory.max': 'max\n' }),
  );
  for (const environment of [free, inspectMachine(files({}))]) {
    expect(Object.keys(environment)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/governor|Limit/)]),
    );
  }
});

test('neither commit, date nor load makes another machine; what decides speed does', () => {
  const print = fingerprintMachine(ENVIRONMENT);
  expect(print).toMatch(/^[0-9a-f]{12}$/);
  const same: Partial<Environment>[] = [
    { commit: 'fff0000+' },
    { date: '2027-01-01T00:00:00.000Z' },
    { load: 7 },
    { kernel: '6.12.2' },
    { memoryBytes: ENVIRONMENT.memoryBytes - 4096 },
  ];
  for (const change of same) expect(fingerprintMachine({ ...ENVIRONMENT, ...change })).toBe(print);
  const other: Partial<Environment>[] = [
    { cpu: 'Another' },
    { cores: 4 },
    { memoryBytes: 2 ** 33 },
    { governor: 'powersave' },
    { cpuLimitCores: 2 },
    { memoryLimitBytes: 2 ** 30 },
    { os: 'darwin arm64' },
    { node: 'v27.0.0' },
    { v8: '15.0' },
  ];
  const prints = other.map((change) => fingerprintMachine({ ...ENVIRONMENT, ...change }));
  expect(new Set([print, ...prints]).size).toBe(other.length + 1);
});

test('a limit that is not there and one that is not read make one machine', () => {
  const { governor: _, ...without } = ENVIRONMENT;
  expect(fingerprintMachine(without)).toBe(fingerprintMachine(JSON.parse(JSON.stringify(without))));
});
