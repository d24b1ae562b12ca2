/**
 * The commands that only print: `adapters`, `config`, `token`. Results go to standard output, as a table for people
 * or as JSON; nothing here prints a secret but `token`, which prints the one it has just made, once.
 */

import { hash, randomBytes } from 'node:crypto';
import { describeConfig, type HostConfig, type ResolvedConfig, resolveConfig } from '../config.ts';
import { startHost, type World } from './world.ts';

export interface TokenFlags {
  readonly name: string;
  readonly tenant: string;
  readonly role: 'caller' | 'admin';
}

export async function printAdapters(world: World, config: HostConfig, json: boolean): Promise<void> {
  const host = await startHost(world, config, ['warn', 'error']);
  try {
    const adapters = host.adapters();
    if (json) world.stdout.write(`${JSON.stringify(adapters, null, 2)}\n`);
    else if (adapters.length === 0) world.stderr.write('no adapters\n');
    else {
      const rows = adapters.map((adapter) => [
        adapter.name,
        adapter.version,
        adapter.origin,
        adapter.isolation,
        adapter.operations.join(' '),
      ]);
      world.stdout.write(table([['ADAPTER', 'VERSION', 'ORIGIN', 'ISOLATION', 'OPERATIONS'], ...rows]));
    }
  } finally {
    await host.close();
  }
}

export function printConfig(world: World, resolved: ResolvedConfig, json: boolean): void {
  const lines = describeConfig(resolved);
  if (json) {
    world.stdout.write(`${JSON.stringify(lines, null, 2)}\n`);
    return;
  }
  const rows = lines.map(({ name, value, unit, source }) => [
    name,
    value === null ? 'none' : typeof value === 'string' ? value : JSON.stringify(value),
    unit,
    source,
  ]);
  world.stdout.write(table([['OPTION', 'VALUE', 'UNIT', 'FROM'], ...rows]));
}

/** Throws CONFIG_INVALID — the name or the tenant could not stand in a configuration. */
export function printToken(world: World, { name, tenant, role }: TokenFlags): void {
  // 32 random bytes: the digest in the configuration cannot be turned back by guessing, so it needs no salt.
  const token = `hc_${randomBytes(32).toString('base64url')}`;
  const entry = { name, sha256: hash('sha256', token), tenant, role };
  resolveConfig({ flags: { tokens: [entry] }, cwd: world.cwd });
  world.stderr.write('The token, shown this once. Callers send it as `Authorization: Bearer <token>`:\n');
  world.stdout.write(`${token}\n`);
  world.stderr.write('Its entry for "tokens" in hotcell.config.json, or for the array in HOTCELL_TOKENS:\n');
  world.stdout.write(`${JSON.stringify(entry)}\n`);
}

/** Columns of a width each, one line a row. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return `${rows.map(line).join('\n')}\n`;
}

/** The text of a stranger, without what a terminal would obey. */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, ' ');
