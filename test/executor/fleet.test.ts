import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createFakeClock, systemClock } from '../../host/clock.ts';
import { ThreadExecutor } from '../../host/executor/executor.ts';
import type { ThreadExecutorOptions } from '../../host/executor/executor-options.ts';
import { createFleet, type Fleet, type FleetExecutor, type FleetOptions } from '../../host/executor/fleet.ts';
import type { AdapterImage, Executor } from '../../host/types.ts';
import { call, endOf, guestImage, pattern, startPlaced } from './stage.ts';

let image: AdapterImage;
let fleet: Fleet | undefined;
beforeAll(async () => {
  image = await guestImage();
});
afterEach(() => fleet?.close());

interface Watched {
  readonly fleet: Fleet;
  readonly joined: number[];
  readonly left: number[];
}

async function open(options: Partial<FleetOptions> = {}): Promise<Watched> {
  const [joined, left]: [number[], number[]] = [[], []];
  fleet = await createFleet({
    count: 2,
    clock: systemClock,
    killGraceMs: 10,
    onJoin: ({ id }) => joined.push(id),
    onLeave: ({ id }) => left.push(id),
    onCollected: () => {},
    startExecutor: startPlaced,
    ...options,
  });
  return { fleet, joined, left };
}

/** Loops in a new cell of the executor until it is killed. */
async function kill(executor: Executor | undefined): Promise<string | undefined> {
  if (!executor) return undefined;
  const { id } = await executor.createCell(image.id);
  return endOf(await executor.run(id, call('loop', pattern(0), 300)));
}

/** An executor without a thread: ready and dead when told. */
interface Puppet extends FleetExecutor {
  readonly images: string[];
  ready(): void;
  end(how: 'killed' | 'died'): void;
}

function createPuppets(): {
  puppets: Puppet[];
  startExecutor: (options: ThreadExecutorOptions) => Puppet;
} {
  const puppets: Puppet[] = [];
  const startExecutor = ({ id, onEnd }: ThreadExecutorOptions): Puppet => {
    let resolve = (): void => {};
    const online = new Promise<void>((done) => {
      resolve = done;
    });
    let alive = true;
    const images: string[] = [];
    const refuse = (): never => {
      throw new Error('a fleet does not run anything');
    };
    const end = (how: 'killed' | 'died' | 'stopped'): void => {
      if (!alive) return;
      alive = false;
      onEnd(puppet, how);
      resolve();
    };
    const puppet: Puppet = {
      id,
      images,
      inFlight: 0,
      waitMs: 0,
      get alive() {
        return alive;
      },
      online: () => online,
      ready: resolve,
      end,
      load: (loaded) => images.push(loaded.id),
      unload: (imageId) => images.splice(images.indexOf(imageId), 1),
      collect: () => {},
      stop: async () => end('stopped'),
      createCell: refuse,
      destroyCell: refuse,
      run: refuse,
      probe: refuse,
    };
    puppets.push(puppet);
    return puppet;
  };
  return { puppets, startExecutor };
}

/** A busy machine boots threads and collects garbage late; what is waited for comes or the test fails. */
const WAIT = { timeout: 30_000 };

describe('a fleet of threads', () => {
  it('replaces a killed executor by the spare at once, with all images, and boots a new spare', async () => {
    const { fleet, joined, left } = await open();
    fleet.load(image);
    await expect.poll(() => fleet.stats().spare, WAIT).toBe(1);
    expect(joined).toEqual([0, 1]);
    const [victim] = fleet.executors;
    expect(await kill(victim)).toBe('EXECUTOR_DEADLINE');
    // No turn of the loop later: the spare has joined when the result is heard.
    expect(fleet.executors.map(({ id }) => id)).toEqual([1, 2]);
    expect([joined, left]).toEqual([[0, 1, 2], [0]]);
    const { id: cell } = (await fleet.executors[1]?.createCell(image.id)) ?? { id: 0 };
    expect(endOf((await fleet.executors[1]?.run(cell, call('echo'))) as never)).toBe('ok');
    const stats = { live: 2, spare: 1, busy: 0, started: 4, killed: 1, died: 0 };
    await expect.poll(() => fleet.stats(), WAIT).toEqual(stats);
  });

  it('comes back to its size and a spare after more kills at once than there are spares', async () => {
    const { fleet } = await open();
    fleet.load(image);
    expect(await Promise.all(fleet.executors.map(kill))).toEqual(['EXECUTOR_DEADLINE', 'EXECUTOR_DEADLINE']);
    await expect.poll(() => fleet.stats(), WAIT).toMatchObject({ live: 2, spare: 1, killed: 2, started: 5 });
    const cells = await Promise.all(fleet.executors.map((executor) => executor.createCell(image.id)));
    expect(cells).toHaveLength(2);
  });

  it('leaves no thread, no handle and no listener behind, however many were killed', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => {
      warnings.push(warning);
    };
    process.on('warning', note);
    const ports = (): number =>
      process.getActiveResourcesInfo().filter((name) => /Worker|MessagePort/.test(name)).length;
    const before = ports();
    const { fleet } = await open();
    fleet.load(image);
    for (let round = 0; round < 3; round++) {
      await expect.poll(() => fleet.stats().live, WAIT).toBe(2);
      await Promise.all(fleet.executors.map(kill));
    }
    await expect.poll(() => fleet.stats().live, WAIT).toBeGreaterThan(0);
    const during = fleet.executors.map((executor) => executor.createCell(image.id));
    const settled = Promise.allSettled(during);
    await Promise.all([fleet.close(), fleet.close()]);
    await settled;
    expect(fleet.stats()).toMatchObject({ live: 0, spare: 0, killed: 6, died: 0 });
    await expect.poll(ports, WAIT).toBe(before);
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  it('can be closed while its spare boots', async () => {
    const { fleet, left } = await open({ count: 1 });
    await fleet.close();
    expect(left).toEqual([0]);
    expect(fleet.stats()).toMatchObject({ live: 0, spare: 0, died: 0 });
  });

  it('that cannot start any of its threads says so, and leaves none', async () => {
    const threadUrl = new URL('./there-is-no-such-file.ts', import.meta.url);
    const startExecutor = (options: ThreadExecutorOptions): ThreadExecutor =>
      new ThreadExecutor({ ...options, threadUrl });
    await expect(open({ startExecutor })).rejects.toMatchObject({ code: 'EXECUTOR_DIED' });
  });
});

describe('a fleet', () => {
  it('starts threads that die at once ever more slowly, and takes the first that lives', async () => {
    const clock = createFakeClock();
    const { puppets, startExecutor } = createPuppets();
    const opening = open({ clock, startExecutor });
    for (const puppet of puppets) puppet.ready();
    const { fleet } = await opening;
    const startedAfter: number[] = [];
    for (let round = 0; round < 10; round++) {
      puppets.at(-1)?.end('died');
      const count = puppets.length;
      let waitedMs = 0;
      for (; puppets.length === count; waitedMs += 50) await clock.advance(50);
      startedAfter.push(waitedMs);
    }
    expect(startedAfter).toEqual([50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
    puppets.at(-1)?.ready();
    await clock.advance(0);
    fleet.executors.slice().forEach((executor) => void (executor as Puppet).end('killed'));
    await clock.advance(0);
    expect(fleet.executors.map(({ id }) => id)).toEqual([12]);
    for (let turn = 0; turn < 2; turn++) {
      puppets.at(-1)?.ready();
      await clock.advance(0);
    }
    expect(fleet.stats()).toMatchObject({ live: 2, spare: 1, killed: 2, died: 10 });
  });

  it('replaces an executor that died while the others still started, and never has too many', async () => {
    const { puppets, startExecutor } = createPuppets();
    const clock = createFakeClock();
    const opening = open({ count: 3, clock, startExecutor });
    puppets[0]?.end('died');
    await clock.advance(10_000);
    expect(puppets).toHaveLength(3);
    puppets[1]?.ready();
    puppets[2]?.ready();
    const { fleet, left } = await opening;
    expect(fleet.stats()).toMatchObject({ live: 2, spare: 0 });
    for (const id of [3, 4]) {
      puppets[id]?.ready();
      await clock.advance(0);
    }
    expect(fleet.stats()).toMatchObject({ live: 3, spare: 1, died: 1 });
    expect(left).toEqual([]);
  });

  it('gives a new executor every loaded image before anybody sees it, and none that was unloaded', async () => {
    const { puppets, startExecutor } = createPuppets();
    const clock = createFakeClock();
    const seen: string[][] = [];
    const opening = open({
      count: 1,
      clock,
      startExecutor,
      onJoin: (executor) => seen.push((executor as Puppet).images.slice()),
    });
    puppets[0]?.ready();
    const { fleet } = await opening;
    for (const id of ['a', 'b', 'c']) fleet.load({ ...image, id });
    fleet.unload('b');
    puppets[1]?.ready();
    await clock.advance(0);
    puppets[0]?.end('killed');
    expect(seen).toEqual([[], ['a', 'c']]);
  });

  it('tries again when the system gives no thread, and starts nothing more once closed', async () => {
    const clock = createFakeClock();
    const { puppets, startExecutor } = createPuppets();
    let isRefused = false;
    const opening = open({
      count: 1,
      clock,
      startExecutor: (options) => {
        if (isRefused) throw new Error('no thread to be had');
        return startExecutor(options);
      },
    });
    puppets[0]?.ready();
    const { fleet } = await opening;
    isRefused = true;
    puppets[1]?.end('killed');
    await clock.advance(60_000);
    expect(fleet.stats()).toMatchObject({ live: 1, spare: 0, started: 2 });
    expect(puppets).toHaveLength(2);
    isRefused = false;
    while (puppets.length < 3) await clock.advance(100);
    puppets[2]?.end('died');
    await fleet.close();
    await clock.advance(60_000);
    expect(puppets).toHaveLength(3);
  });
});
