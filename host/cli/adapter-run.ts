/**
 * `hotcell adapter run`: builds what is stale and calls one operation, in a host of its own.
 *
 * The result goes to standard output as it is; a text on a terminal gets the end of line that it lacks.
 */

import { randomUUID } from 'node:crypto';
import type { HostConfig } from '../config.ts';
import { HostError } from '../errors.ts';
import { buildProject, describeBuild, startProjectHost } from './adapter-project.ts';
import { readInput } from './input.ts';
import type { World } from './world.ts';

export interface RunFlags {
  readonly dir: string;
  readonly json?: string;
  readonly text?: string;
  readonly file?: string;
}

/** Throws KIT_*; what refused the adapter; the error of the call. */
export async function runOperation(
  world: World,
  config: HostConfig,
  operation: string,
  flags: RunFlags,
): Promise<void> {
  const payload = await payloadOf(world, flags);
  const project = await buildProject(world, flags.dir);
  if (project.built) world.stderr.write(await describeBuild(world, project));
  const host = await startProjectHost(world, config, project);
  try {
    const { outcome, receipt } = await host.invoke({
      adapter: project.name,
      operation,
      payload,
      tenant: 'public',
      requestId: randomUUID(),
    });
    if (outcome.kind === 'error') throw outcome.error;
    await new Promise<void>((done, fail) => {
      world.stdout.write(outcome.bytes, (error) => (error ? fail(error) : done()));
    });
    if (world.stdout.isTTY) world.stdout.write('\n');
    const { runMs, fuel } = receipt.usage;
    world.stderr.write(
      `${runMs.toFixed(2)} ms in the guest${fuel === undefined ? '' : `, ${fuel} units of fuel`}\n`,
    );
  } finally {
    await host.close();
  }
}

async function payloadOf(world: World, { json, text, file }: RunFlags): Promise<Uint8Array> {
  const given = [json, text, file].filter((value) => value !== undefined);
  if (given.length > 1) {
    throw new HostError('CONFIG_INVALID', 'give one of --json, --text and --file');
  }
  if (file !== undefined) return Buffer.concat(await Array.fromAsync(readInput(world, file)));
  if (json === undefined) return Buffer.from(text ?? '', 'utf8');
  try {
    JSON.parse(json);
  } catch (error) {
    throw new HostError('CONFIG_INVALID', `--json is not JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return Buffer.from(json, 'utf8');
}
