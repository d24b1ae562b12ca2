/**
 * A CPU profile of V8 as a tree of calls with times, and the functions by the time they took themselves. Pure, and the same for the
 * same profile: children are in order of time, then of name.
 *
 * Times are microseconds: each sample counts for the time until the next one. What V8 calls idle is no time of a function.
 */

/** As V8 writes it, in the parts that are read. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      /** From 0; −1 where there is none. */
      readonly lineNumber: number;
    };
    readonly children?: readonly number[];
  }[];
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
}

export interface CallNode {
  /** Function and where it is: `invoke invoke.ts:40`. */
  readonly name: string;
  /** Itself and all it calls, in µs. */
  readonly totalUs: number;
  readonly selfUs: number;
  readonly children: readonly CallNode[];
}

export interface FunctionTime {
  readonly name: string;
  readonly selfUs: number;
}

/** V8's names for what is no code. */
const IDLE = '(idle)';
const ROOT = '(root)';

/** Without idle time; a root whose `totalUs` is the time that was worked. */
export function readCallTree(profile: CpuProfile): CallNode {
  const selfById = new Map<number, number>();
  const deltas = profile.timeDeltas ?? [];
  for (const [index, id] of (profile.samples ?? []).entries()) {
    // The distance to the sample after it; of the last one nothing is known.
    selfById.set(id, (selfById.get(id) ?? 0) + Math.max(0, deltas[index + 1] ?? 0));
  }
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const [root] = profile.nodes;
  const build = (ids: readonly number[]): CallNode[] => {
    // Two nodes of one function below one caller are one: V8 keeps them apart by script or by deoptimisation.
    const groups = new Map<string, number[]>();
    for (const id of ids) {
      const node = nodes.get(id);
      if (node === undefined) continue;
      const name = nameOf(node.callFrame);
      if (name !== IDLE) groups.set(name, [...(groups.get(name) ?? []), id]);
    }
    return [...groups]
      .map(([name, own]): CallNode => {
        const children = build(own.flatMap((id) => nodes.get(id)?.children ?? []));
        const selfUs = own.reduce((sum, id) => sum + (selfById.get(id) ?? 0), 0);
        return {
          name,
          selfUs,
          totalUs: children.reduce((sum, { totalUs }) => sum + totalUs, selfUs),
          children,
        };
      })
      .filter(({ totalUs }) => totalUs > 0)
      .sort((a, b) => b.totalUs - a.totalUs || (a.name < b.name ? -1 : 1));
  };
  const children = build(root?.children ?? []);
  return {
    name: ROOT,
    selfUs: 0,
    totalUs: children.reduce((sum, { totalUs }) => sum + totalUs, 0),
    children,
  };
}

/** The `count` functions with the most time of their own, wherever they were called from. */
export function topBySelf(tree: CallNode, count: number): FunctionTime[] {
  const times = new Map<string, number>();
  const add = ({ name, selfUs, children }: CallNode): void => {
    if (selfUs > 0) times.set(name, (times.get(name) ?? 0) + selfUs);
    for (const child of children) add(child);
  };
  add(tree);
  return [...times]
    .map(([name, selfUs]) => ({ name, selfUs }))
    .sort((a, b) => b.selfUs - a.selfUs || (a.name < b.name ? -1 : 1))
    .slice(0, count);
}

/** Folders are left out: whose machine it was is nobody's concern. */
function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const file = url.startsWith('node:') ? url : (url.split('/').at(-1) ?? url);
  return lineNumber < 0 ? `${name} ${file}` : `${name} ${file}:${lineNumber + 1}`;
}
