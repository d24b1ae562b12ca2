/** The commands `hotcell adapter …`: their arguments, flags and help. What they do is in the other `adapter-*.ts`. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import { type CheckFlags, runCheck } from './adapter-check.ts';
import { runNew, TEMPLATE_LANGUAGES } from './adapter-new.ts';
import { buildProject, describeBuild } from './adapter-project.ts';
import { type RunFlags, runOperation } from './adapter-run.ts';
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
}

const withFolder = (command: Command): Command =>
  command.option('--dir <folder>', 'folder with adapter.json', '.');

function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > CELLS_MAX_COUNT) {
    throw new InvalidArgumentError(`must be a whole number from 1 to ${CELLS_MAX_COUNT}`);
  }
  return count;
}
