/** The commands `hotcell adapter …`: their arguments, flags and help. What they do is in the other `adapter-*.ts`. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import { type CheckFlags, runCheck } from './adapter-check.ts';
import { type DevFlags, runDev } from './adapter-dev.ts';
import { runNew, TEMPLATE_LANGUAGES } from './adapter-new.ts';
import { type PullFlags, type PushFlags, runPull, runPush } from './adapter-oci.ts';
import { type PackFlags, runInstall, runPack, runVerify, type TrustFlags } from './adapter-pack.ts';
import { buildProject, describeBuild } from './adapter-project.ts';
import { type RunFlags, runOperation } from './adapter-run.ts';
import { runTypes, type TypesFlags } from './adapter-types.ts';
import type { CommandTools } from './copybook-commands.ts';

/** Enough for a p95 that stays where it is; a QuickJS cell takes a millisecond. */
const CELLS_DEFAULT_COUNT = 200;
const CELLS_MAX_COUNT = 100_000;

export function addAdapterCommands(program: Command, tools: CommandTools): void {
  const { world, finish, withConfig, configOf, example } = tools;
  const group = program
    .command('adapter')
    .description('write, build, try, pack and publish an adapter')
    .addHelpText(
      'after',
      example(
        'hotcell adapter new shout --lang ts',
        'cd shout && hotcell adapter check',
        `hotcell adapter run slug --json '{"text": "Hello, World!"}'`,
      ),
    );

  group
    .command('new')
    .description('begin an adapter from a template')
    .argument('<name>', 'lower-case words with hyphens between them')
    .addOption(
      new Option('--lang <language>', 'what it is written in')
        .choices(TEMPLATE_LANGUAGES)
        .makeOptionMandatory(),
    )
    .option('--dir <folder>', 'where it goes (default: a folder of its name)')
    .addHelpText(
      'after',
      example('hotcell adapter new shout --lang ts', 'hotcell adapter new sums --lang c --dir ./src/sums'),
    )
    .action((name: string, flags: Parameters<typeof runNew>[2]) => runNew(world, name, flags));

  withFolder(group.command('build'))
    .description('sources to a package in .hotcell/, when they changed')
    .addHelpText('after', example('hotcell adapter build', 'hotcell adapter build --dir ./shout'))
    .action(async ({ dir }: { dir: string }) => {
      world.stderr.write(await describeBuild(world, await buildProject(world, dir)));
    });

  withFolder(withConfig(group.command('check')))
    .description('build, and say what a host would: contract, imports, limits, cases, size, cold start')
    .option('--cells <count>', 'new cells that are measured', countOf, CELLS_DEFAULT_COUNT)
    .option('--json', 'print JSON')
    .addHelpText('after', example('hotcell adapter check', 'hotcell adapter check --cells 1000 --json'))
    .action(async (flags: CheckFlags, command: Command) => {
      finish(await runCheck(world, configOf(command), flags));
    });

  withFolder(withConfig(group.command('run')))
    .description('build, and call one operation')
    .argument('<operation>', 'name of the operation')
    .option('--json <text>', 'arguments as JSON')
    .option('--text <text>', 'payload as text')
    .option('--file <file>', 'payload from a file; - is standard input')
    .addHelpText(
      'after',
      example(
        `hotcell adapter run slug --json '{"text": "Hello, World!"}'`,
        'hotcell adapter run upper --file README.md',
      ),
    )
    .action((operation: string, flags: RunFlags, command: Command) =>
      runOperation(world, configOf(command), operation, flags),
    );

  withFolder(withConfig(group.command('dev')))
    .description('build and serve again after each change, with the log of the guest, until Ctrl-C')
    .option(
      '--to <address>',
      'put it into this host instead; HOTCELL_TOKEN holds the token of an administrator',
    )
    .option(
      '--sign <key>',
      'with --to: private key (Ed25519, PEM) to sign it with, for a host with trustedKeys',
    )
    .addHelpText('after', example('hotcell adapter dev', 'hotcell adapter dev --to http://127.0.0.1:8080'))
    .action((flags: DevFlags, command: Command) => runDev(world, configOf(command), flags));

  withConfig(group.command('types'))
    .description('print declarations in TypeScript of the operations')
    .argument(
      '[source]',
      'folder of an adapter, a package file, or the name of an adapter of this configuration',
      '.',
    )
    .option('--from <address>', 'of this running host, by name; HOTCELL_TOKEN holds a token of it')
    .addHelpText(
      'after',
      example(
        'hotcell adapter types > shout.d.ts',
        'hotcell adapter types shout --from http://127.0.0.1:8080 > shout.d.ts',
      ),
    )
    .action((source: string, flags: TypesFlags, command: Command) =>
      runTypes(world, configOf(command), source, flags),
    );

  addPackageCommands(group, tools);
}

function addPackageCommands(group: Command, { world, withConfig, configOf, example }: CommandTools): void {
  withFolder(group.command('pack'))
    .description('build, and write one file that has all: <name>-<version>.hotcell.tgz')
    .option('--out <file>', 'where it goes; - is standard output')
    .option('--force', 'replace the file')
    .option('--sign <key>', 'private key (Ed25519, PEM) to sign it with')
    .addHelpText(
      'after',
      example(
        'hotcell adapter pack',
        'openssl genpkey -algorithm ed25519 -out key.pem',
        'hotcell adapter pack --sign key.pem',
      ),
    )
    .action((flags: PackFlags) => runPack(world, flags));

  withKeys(group.command('verify'))
    .description('check every digest of a package, and its signature')
    .argument('<file>', 'the package')
    .addHelpText(
      'after',
      example(
        'openssl pkey -in key.pem -pubout -out public.pem',
        'hotcell adapter verify shout-0.1.0.hotcell.tgz --key public.pem',
      ),
    )
    .action((file: string, flags: TrustFlags) => runVerify(world, file, flags));

  withKeys(withConfig(group.command('install')))
    .description('install a package into the data directory, or into a host')
    .argument('<file>', 'the package')
    .option('--to <address>', 'a host that runs; HOTCELL_TOKEN holds the token of an administrator')
    .addHelpText(
      'after',
      example(
        'hotcell adapter install shout-0.1.0.hotcell.tgz',
        'hotcell adapter install shout-0.1.0.hotcell.tgz --to https://tools.example.org',
      ),
    )
    .action((file: string, flags: TrustFlags & { to?: string }, command: Command) =>
      runInstall(world, configOf(command), file, flags),
    );

  withFolder(group.command('push'))
    .description('build, pack and push to an OCI registry, or a layout on disk (oci:folder:tag)')
    .argument('<reference>', 'registry/repository:tag')
    .option('--file <package>', 'push this package instead of building one')
    .option('--sign <key>', 'private key (Ed25519, PEM) to sign it with')
    .option('--plain-http', 'without TLS, to a registry of this machine')
    .addHelpText(
      'after',
      example(
        'HOTCELL_OCI_USERNAME=ada HOTCELL_OCI_PASSWORD=… hotcell adapter push ghcr.io/ada/shout:0.1.0',
        'hotcell adapter push oci:./layout:0.1.0',
      ),
    )
    .action((reference: string, flags: PushFlags) => runPush(world, reference, flags));

  withKeys(withConfig(group.command('pull')))
    .description('pull a package, verify it, and write or install it')
    .argument('<reference>', 'registry/repository:tag, …@sha256:…, or oci:folder:tag')
    .option('--out <file>', 'where it goes; - is standard output')
    .option('--force', 'replace the file')
    .option('--install', 'install it into the data directory instead')
    .option('--to <address>', 'install it into this host instead')
    .option('--plain-http', 'without TLS, from a registry of this machine')
    .addHelpText(
      'after',
      example(
        'hotcell adapter pull ghcr.io/ada/shout:0.1.0 --key ada.pem --install',
        'hotcell adapter pull oci:./layout:0.1.0',
      ),
    )
    .action((reference: string, flags: PullFlags, command: Command) =>
      runPull(world, configOf(command), reference, flags),
    );
}

const withKeys = (command: Command): Command =>
  command.option(
    '--key <file...>',
    'public keys (Ed25519, PEM) one of which must have signed it; without one no signature is asked for',
  );

const withFolder = (command: Command): Command =>
  command.option('--dir <folder>', 'folder with adapter.json', '.');

function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > CELLS_MAX_COUNT) {
    throw new InvalidArgumentError(`must be a whole number from 1 to ${CELLS_MAX_COUNT}`);
  }
  return count;
}
