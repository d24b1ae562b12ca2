/**
 * `hotcell adapter check`: everything that a host would say about an adapter, before one is asked.
 *
 * Builds it, prepares it as the registry does (contract, imports, limits), measures new cells, and runs its cases in one
 * cell of a host of its own. A row a check; the first refusal of the registry ends it, because nothing runs then.
 */

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostConfig } from '../config.ts';
import { HostError } from '../errors.ts';
import type { AdapterImage, Session } from '../types.ts';
import { type CaseResult, parseCases, runCase } from './adapter-cases.ts';
import { measureColdStart } from './adapter-cold-start.ts';
import { prepareAdapter, readPackageFolder } from './adapter-image.ts';
import {
  type BuiltProject,
  buildProject,
  dataFolder,
  describeBuild,
  kilobytes,
  startProjectHost,
} from './adapter-project.ts';
import { table } from './print.ts';
import type { World } from './world.ts';

export interface CheckFlags {
  readonly dir: string;
  readonly cells: number;
  readonly json?: true;
}

interface Row {
  readonly check: string;
  readonly passed: boolean;
  readonly detail: string;
}

/** Resolves to the exit code: 1 when a check failed. Throws KIT_PROJECT_INVALID, KIT_BUILD_FAILED. */
export async function runCheck(world: World, config: HostConfig, flags: CheckFlags): Promise<number> {
  const project = await buildProject(world, flags.dir);
  world.stderr.write(await describeBuild(world, project));
  const rows: Row[] = [];
  let cases: readonly CaseResult[] = [];
  try {
    const files = await readPackageFolder(project.packageFolder);
    const { image, prepareMs, componentBytes } = await prepareAdapter(
      world,
      config,
      files,
      dataFolder(project),
    );
    const coldStart = await measureColdStart(world, config, image, flags.cells);
    rows.push(...describeImage(image));
    cases = await runCases(world, config, project);
    const passed = cases.filter(({ problem }) => problem === undefined).length;
    rows.push({
      check: 'cases',
      passed: passed === cases.length,
      detail:
        cases.length === 0 ? 'none: cases.json is missing or empty' : `${passed} of ${cases.length} pass`,
    });
    rows.push({ check: 'size', passed: true, detail: `${kilobytes(componentBytes)} of component` });
    rows.push({ check: 'prepare', passed: true, detail: `${prepareMs.toFixed(0)} ms` });
    const { p50Ms, p95Ms, cellCount } = coldStart;
    rows.push({
      check: 'cold start',
      passed: true,
      detail: `p50 ${p50Ms.toFixed(2)} ms, p95 ${p95Ms.toFixed(2)} ms (${cellCount} new cells, warm executor)`,
    });
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    const problems = (error.problems ?? []).map(({ at, message }) => `${at} ${message}`);
    rows.push({ check: 'refused', passed: false, detail: `${error.code}: ${error.detail}` });
    for (const detail of problems) rows.push({ check: '', passed: false, detail });
  }
  const failed = cases.filter(({ problem }) => problem !== undefined);
  const allPassed = rows.every(({ passed }) => passed);
  if (flags.json) {
    const text = JSON.stringify({ adapter: project.name, passed: allPassed, checks: rows, failed }, null, 2);
    world.stdout.write(`${text}\n`);
  } else {
    const shown = rows.map(({ check, passed, detail }) => [check, passed ? 'ok' : 'FAILED', detail]);
    world.stdout.write(table([['CHECK', 'RESULT', 'DETAIL'], ...shown]));
    for (const { title, problem } of failed) world.stdout.write(`  case ${title}: ${problem}\n`);
  }
  return allPassed ? 0 : 1;
}

function describeImage({ manifest, plan, wit }: AdapterImage): Row[] {
  const { limits } = manifest;
  const operations = Object.keys(manifest.operations);
  const count = operations.length;
  const imports = [...new Set(plan.imports.map((one) => one.interface))];
  const asked = Object.keys(manifest.capabilities);
  const ok = (check: string, detail: string): Row => ({ check, passed: true, detail });
  return [
    ok('manifest', `${manifest.name} ${manifest.version}, world ${manifest.world}`),
    ok(
      'contract',
      `${count === 1 ? 'one operation' : `${count} operations`}: ${operations.join(', ')}; ${wit.length} characters of WIT`,
    ),
    ok(
      'imports',
      imports.length === 0
        ? 'none'
        : `${imports.join(', ')}; granted: ${asked.join(', ') || 'nothing needed'}`,
    ),
    ok(
      'limits',
      `${plan.memoryPages / 16} of ${limits.memoryMaxMiB} MiB at the start, ${limits.timeoutMs} ms, ` +
        `${kilobytes(limits.inputMaxBytes)} in, ${kilobytes(limits.outputMaxBytes)} out`,
    ),
  ];
}

async function runCases(world: World, config: HostConfig, project: BuiltProject): Promise<CaseResult[]> {
  const text = await readFile(join(project.folder, 'cases.json'), 'utf8').catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '[]';
      throw error;
    },
  );
  const cases = parseCases(text);
  if (cases.length === 0) return [];
  const host = await startProjectHost(world, config, project);
  try {
    const open = (): Promise<Session> =>
      host.session({ adapter: project.name, tenant: 'public', requestId: randomUUID() });
    let session = await open();
    const results: CaseResult[] = [];
    for (const one of cases) {
      const { isLost, ...result } = await runCase(session, one);
      results.push(result);
      // The case ended its cell; those behind it are run all the same.
      if (isLost) session = await open();
    }
    session.close();
    return results;
  } finally {
    await host.close();
  }
}
