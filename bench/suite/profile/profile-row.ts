/**
 * One more round of a row, under the profiler: the profile of each thread that worked as a `.cpuprofile`, all of them as flame
 * graphs, and the functions with the most time of their own as text. The round is not recorded: a profiled thread is slower.
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CallNode, readCallTree, topBySelf } from './call-tree.ts';
import { type Flame, renderFlames } from './flame-graph.ts';
import { connectHere, connectTo, type InspectorLink } from './inspector-link.ts';
import { profileThreads, type ThreadProfile } from './profiler.ts';

/** Functions named of each thread. */
const TOP_COUNT = 10;
/** A thread that worked less than this part of the busiest one's time only waited. */
const WORKED_MIN_SHARE = 0.01;

export interface ProfiledRow {
  /** The flame graphs. */
  readonly path: string;
  /** Threads and their functions by self time, for people. */
  readonly text: string;
}

/** `servers`: inspectors of processes that the row works in beside this one. Throws what the round does. */
export async function profileRow(
  folder: string,
  row: string,
  servers: readonly string[],
  round: () => Promise<unknown>,
): Promise<ProfiledRow> {
  const links: { readonly name: string; readonly link: InspectorLink }[] = [
    { name: 'bench', link: connectHere() },
  ];
  try {
    for (const address of servers) links.push({ name: 'server', link: await connectTo(address) });
    // Each process is profiled around the next one's profiling; the innermost is the round itself.
    const found: { readonly name: string; readonly threads: readonly ThreadProfile[] }[] = [];
    const nest = links.reduceRight<() => Promise<unknown>>(
      (inner, { name, link }) =>
        async () => {
          found.push({ name, threads: await profileThreads(link, inner) });
        },
      round,
    );
    await nest();
    return await writeProfiles(folder, row, found);
  } finally {
    for (const { link } of links) link.close();
  }
}

async function writeProfiles(
  folder: string,
  row: string,
  found: readonly { readonly name: string; readonly threads: readonly ThreadProfile[] }[],
): Promise<ProfiledRow> {
  const all = found
    .flatMap(({ name, threads }) =>
      threads.map(({ thread, profile }) => ({
        name: `${name}, ${thread}`,
        profile,
        tree: readCallTree(profile),
      })),
    )
    .sort((a, b) => codeUs(b.tree) - codeUs(a.tree));
  const least = WORKED_MIN_SHARE * Math.max(0, ...all.map(({ tree }) => codeUs(tree)));
  const worked = all.filter(({ tree }) => codeUs(tree) > least);
  const base = `profile-${fileNameOf(row)}`;
  await mkdir(folder, { recursive: true });
  for (const { name, profile } of worked) {
    await writeFile(join(folder, `${base}-${fileNameOf(name)}.cpuprofile`), JSON.stringify(profile));
  }
  const flames = worked.map(({ name, tree }): Flame => ({ title: name, tree, notes: describeTop(tree) }));
  const path = join(folder, `${base}.html`);
  await writeFile(path, renderFlames(`Where the time goes: ${row}`, flames));
  const text = flames.flatMap(({ title, notes }) => [title, ...notes.map((note) => `  ${note}`)]).join('\n');
  return { path, text: `${row}\n${text}\n` };
}

/** Time in functions: a thread that waits in a system call is `(program)` to V8. */
const codeUs = ({ children }: CallNode): number =>
  children.filter(({ name }) => !name.startsWith('(')).reduce((sum, { totalUs }) => sum + totalUs, 0);

/** `12.3 %  45.6 ms  invoke invoke.ts:40`, the largest first. */
export function describeTop(tree: CallNode): string[] {
  return topBySelf(tree, TOP_COUNT).map(({ name, selfUs }) => {
    const percent = `${((100 * selfUs) / tree.totalUs).toFixed(1)} %`.padStart(7);
    return `${percent}  ${`${(selfUs / 1_000).toFixed(1)} ms`.padStart(10)}  ${name}`;
  });
}

const fileNameOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 80);
