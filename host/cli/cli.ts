/**
 * The command line: commands, flags, help and exit codes. Made from the world it is given (streams, environment,
 * the makers of host and server), so that tests own all of it; `main.ts` passes the real one.
 *
 * Exit codes: 0 done, 1 an operating error (printed as `CODE: detail` with every problem), 2 a wrong command line.
 * Every option of the configuration is a flag of every command that has a host, tokens excepted.
 */

import { Command, CommanderError, Option } from 'commander';
import type { HostConfig, ResolvedConfig } from '../config.ts';
import { resolveConfig } from '../config.ts';
import { HostError } from '../errors.ts';
import { boundText } from '../option-values.ts';
import { OPTION_NAMES, type OptionRow, optionRow } from '../options.ts';
import { addAdapterCommands } from './adapter-commands.ts';
import { addBenchCommand } from './bench-commands.ts';
import { addCopybookCommands } from './copybook-commands.ts';
import { type InvokeFlags, runInvoke } from './invoke.ts';
import type { McpFlags } from './mcp.ts';
import { printAdapters, printConfig, printToken, type TokenFlags } from './print.ts';
import { runServe } from './serve.ts';
import { runVault, type VaultFlags } from './vault.ts';
import { readConfigFile, type World } from './world.ts';

/** Takes the arguments behind the program's name; resolves to the exit code. Never rejects. */
export type Cli = (args: readonly string[]) => Promise<number>;

export function createCli(world: World): Cli {
  return async (args) => {
    let exitCode = 0;
    const program = describeProgram(world, (code) => {
      exitCode = code;
    });
    try {
      await program.parseAsync(args, { from: 'user' });
      return exitCode;
    } catch (error) {
      if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
      if (isClosedPipe(error)) return 0;
      world.stderr.write(errorText(error));
      return 1;
    }
  };
}

function describeProgram(world: World, finish: (exitCode: number) => void): Command {
  const program = new Command('hotcell')
    .description(
      'Runs untrusted WebAssembly tools in pooled, pre-warmed, isolated cells and serves them over HTTP.',
    )
    .version(world.version)
    .exitOverride()
    .showHelpAfterError('(--help shows what is possible)')
    .configureOutput({
      writeOut: (text) => void world.stdout.write(text),
      writeErr: (text) => void world.stderr.write(text),
    })
    .addHelpText(
      'after',
      example('hotcell serve', 'curl --data-binary @README.md localhost:8080/v1/adapters/echo/echo'),
    );

  withConfig(program.command('serve'))
    .description('serve the adapters over HTTP until SIGTERM or SIGINT')
    .addHelpText('after', example('hotcell serve --port 9000 --adapters ./my-adapters'))
    .action(async (_flags: unknown, command: Command) => {
      finish(await runServe(world, configOf(world, command).config));
    });

  withConfig(program.command('invoke'), true)
    .description('call one operation in this process, without HTTP')
    .argument('<adapter>', 'name of the adapter')
    .argument('<operation>', 'name of the operation')
    .option('--in <file>', 'payload; - reads standard input', '-')
    .option('--out <file>', 'where the result goes; - is standard output', '-')
    .option('--args <json>', 'arguments of a typed operation, in the place of --in')
    .option('--raw', 'a typed operation: its only argument and its result as they are, not as JSON')
    .option('--json', 'wrap the result, or the error, as JSON with its usage')
    .addHelpText('after', example('hotcell invoke echo echo --in README.md --out copy.md'))
    .action(async (adapter: string, operation: string, flags: InvokeFlags, command: Command) => {
      const config = smallHost(configOf(world, command));
      finish(await runInvoke(world, config, { ...flags, adapter, operation }));
    });

  addVaultCommand(world, program, 'seal', finish)
    .description('seal a file or a pipe with the keys of the vault')
    .addHelpText(
      'after',
      example(
        'hotcell seal backup.tar --key-file vault.keys --context backups',
        'tar c data | HOTCELL_VAULT_KEYS="1 active …" hotcell seal - > data.tar.sealed',
      ),
    );

  addVaultCommand(world, program, 'open', finish)
    .description('open what was sealed; an output file appears only when all of it was authentic')
    .addHelpText(
      'after',
      example(
        'hotcell open backup.tar.sealed --key-file vault.keys --context backups',
        'hotcell open - --key-file vault.keys < data.tar.sealed > data.tar || rm data.tar',
      ),
    );

  addCopybookCommands(program, {
    world,
    finish,
    withConfig: (command) => withConfig(command, true),
    configOf: (command) => withoutWarmth(configOf(world, command)),
    example,
  });

  withConfig(program.command('mcp'), true)
    .description('speak the Model Context Protocol on standard input and output')
    .option(
      '--url <address>',
      'of a running host; without it one is started. HOTCELL_TOKEN may hold its token',
    )
    .option('--tenant <tenant>', 'tenant whose calls it makes, where no token says')
    .addHelpText(
      'after',
      example('hotcell mcp', 'HOTCELL_TOKEN=… hotcell mcp --url https://tools.example.org'),
    )
    .action(async (flags: McpFlags, command: Command) => {
      const { runMcp } = await import('./mcp.ts');
      finish(await runMcp(world, configOf(world, command).config, flags));
    });

  addAdapterCommands(program, {
    world,
    finish,
    withConfig: (command) => withConfig(command, true),
    configOf: (command) => smallHost(configOf(world, command)),
    example,
  });

  addBenchCommand(program, {
    world,
    finish,
    withConfig: (command) => withConfig(command, true),
    configOf: (command) => configOf(world, command).config,
    example,
  });

  withConfig(program.command('adapters'), true)
    .description('list the adapters this host would serve')
    .option('--json', 'print JSON')
    .addHelpText('after', example('hotcell adapters --adapters ./my-adapters'))
    .action(async (flags: { json?: true }, command: Command) => {
      await printAdapters(world, smallHost(configOf(world, command)), flags.json === true);
    });

  withConfig(program.command('config'))
    .description('print the effective configuration and where each value came from')
    .option('--json', 'print JSON')
    .addHelpText('after', example('HOTCELL_PORT=9000 hotcell config'))
    .action((flags: { json?: true }, command: Command) => {
      printConfig(world, configOf(world, command), flags.json === true);
    });

  program
    .command('token')
    .description('make an API token: prints it once, with the configuration entry that holds only its digest')
    .option('--name <name>', 'name of the token, for the log', 'my-token')
    .option('--tenant <tenant>', 'tenant whose calls it makes', 'public')
    .addOption(
      new Option('--role <role>', 'admins may install and remove adapters')
        .choices(['caller', 'admin'])
        .default('caller'),
    )
    .addHelpText('after', example('hotcell token --name broker --tenant acme'))
    .action((flags: TokenFlags) => printToken(world, flags));

  return program;
}

function addVaultCommand(
  world: World,
  program: Command,
  direction: 'seal' | 'open',
  finish: (exitCode: number) => void,
): Command {
  const fallback = direction === 'seal' ? '<file>.sealed' : '<file> without .sealed';
  return withConfig(program.command(direction), true)
    .argument('<file>', 'what to read; - is standard input')
    .option('--out <file>', `where it goes; - is standard output (default: ${fallback}, - for -)`)
    .option('--key-file <file>', 'root keys, for its owner alone; HOTCELL_VAULT_KEYS may hold them instead')
    .option('--context <text>', 'what it is for, at most 64 bytes: the same to open as to seal')
    .option('--tenant <tenant>', 'as sealed and opened over HTTP by this tenant, with its X-Hotcell-Context')
    .option('--force', 'replace the output file')
    .action(async (file: string, flags: VaultFlags & { keyFile?: string }, command: Command) => {
      const resolved = configOf(world, command, { vaultKeyFile: flags.keyFile });
      finish(await runVault(world, withoutWarmth(resolved), { ...flags, direction, file }));
    });
}

const example = (...lines: string[]): string =>
  `\nExample:\n${lines.map((line) => `  $ ${line}\n`).join('')}`;

const flagName = (option: string): string =>
  option
    .replace('MiB', 'Mib')
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .replaceAll('.', '-')
    .toLowerCase();

/** Adds `--config` and a flag for each option; `hidden` ones work but do not fill the help of small commands. */
function withConfig(command: Command, hidden = false): Command {
  command.addOption(
    new Option('--config <file>', 'configuration file (default: hotcell.config.json, if it exists)'),
  );
  for (const name of OPTION_NAMES) {
    const row = optionRow(name);
    if (row.kind === 'tokens' || row.kind === 'capabilities' || row.kind === 'store-url') continue;
    const flag = flagName(name);
    const fallback = row.default === undefined ? 'none' : String(row.default);
    const reason = `${row.reason}${bound(row)} Default: ${fallback}`;
    const options =
      row.kind === 'switch'
        ? [new Option(`--${flag}`, reason), new Option(`--no-${flag}`, `Turns --${flag} off.`)]
        : [new Option(`--${flag} ${placeholder(row)}`, reason)];
    for (const option of options) {
      option.helpGroup(name.startsWith('pool.') ? 'Defaults for pools:' : 'Configuration:');
      command.addOption(option.hideHelp(hidden));
    }
  }
  if (hidden) command.addHelpText('after', '\nEvery flag of `hotcell config --help` works here too.');
  return command;
}

function placeholder(row: OptionRow): string {
  if (row.kind === 'keys') return '<file...>';
  return `<${row.kind === 'number' ? row.unit || 'number' : row.kind}>`;
}

/** What a value may be, as a sentence of the help; empty where the kind says it. */
function bound(row: OptionRow): string {
  if (row.kind === 'number') return ` ${capital(boundText(row))}.`;
  if (row.kind === 'choice') return ` One of ${row.choices.join(', ')}.`;
  return '';
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function configOf(
  world: World,
  command: Command,
  more: Readonly<Record<string, unknown>> = {},
): ResolvedConfig {
  const given = command.opts<Record<string, unknown>>();
  const flags: Record<string, unknown> = { ...more };
  for (const name of OPTION_NAMES) {
    const key = new Option(`--${flagName(name)}`).attributeName();
    if (command.getOptionValueSource(key) === 'cli') flags[name] = given[key];
  }
  const file = readConfigFile(world, given.config as string | undefined);
  return resolveConfig({ flags, env: world.env, file, cwd: world.cwd });
}

/** For one call nothing needs to be warm and one thread is enough, unless somebody asked for more. */
function smallHost(resolved: ResolvedConfig): HostConfig {
  const config = withoutWarmth(resolved);
  return { ...config, executors: resolved.sources.executors === 'default' ? 1 : config.executors };
}

/** A stream keeps all threads busy, but of a few adapters no cell is needed. */
function withoutWarmth({ config, sources }: ResolvedConfig): HostConfig {
  return {
    ...config,
    pool: { ...config.pool, min: sources['pool.min'] === 'default' ? 0 : config.pool.min },
  };
}

/** The reader of our output has seen enough: `hotcell … | head`. */
function isClosedPipe(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'EPIPE';
}

/** For the operator's eyes: an unexpected error shows its stack and cause, which no caller over HTTP ever sees. */
export function errorText(error: unknown): string {
  if (!(error instanceof HostError)) return `${error instanceof Error ? error.stack : String(error)}\n`;
  const problems = (error.problems ?? []).map(({ at, message }) => `  ${at} ${message}\n`).join('');
  const cause = error.code === 'HOST_INTERNAL' && error.cause !== undefined ? errorText(error.cause) : '';
  return `${error.code}: ${error.detail}\n${problems}${cause}`;
}
