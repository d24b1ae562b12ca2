/** The command `hotcell bench`: its arguments, flags and help. What it does is in `bench.ts`. */

import { type Command, InvalidArgumentError } from 'commander';
import { type BenchFlags, runBench } from './bench.ts';
import type { CommandTools } from './copybook-commands.ts';

/** Any number does; the same one makes the same random choices. */
const SEED_DEFAULT = 20_260_101;

export function addBenchCommand(program: Command, tools: CommandTools): void {
  const { world, finish, withConfig, configOf, example } = tools;
  withConfig(program.command('bench'))
    .description('measure cold starts, calls, load and memory of adapters on this machine')
    .argument('[adapter...]', 'names, folders or package files (default: echo and hello-js)')
    .option('--out <folder>', 'where the record and the reports go', 'bench-out')
    .option('--peers', 'beside other runtimes too, which are installed for it from npm')
    .option('--only <table>', 'only this table; may be given several times', collect)
    .option('--quick', 'smoke run: shows that it works, its figures are not to be stated')
    .option('--operation <name>', 'operation that is called (default: the first with an example)')
    .option('--in <file>', 'its input (default: that of an example or of cases.json)')
    .option('--save', 'keep this run as the baseline of this machine, in the data directory')
    .option('--against [record]', 'say what changed since that run (default: the baseline of this machine)')
    .option('--profile [row]', 'profile rows with this text in `table: row`, and draw flame graphs of them')
    .option('--seed <number>', 'of every random choice', seedOf, SEED_DEFAULT)
    .option('--markdown', 'print the tables as Markdown')
    .addHelpText(
      'after',
      example(
        'hotcell bench',
        'hotcell bench echo --quick',
        'hotcell bench echo --only throughput --profile',
        'hotcell bench --save',
        'hotcell bench --against',
        'hotcell bench ./shout --only cold --only load',
        'hotcell bench shout-0.1.0.hotcell.tgz --operation slug --in text.json --out results',
      ),
    )
    .action(async (adapters: string[], flags: BenchFlags, command: Command) => {
      finish(await runBench(world, configOf(command), adapters, flags));
    });
}

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

function seedOf(text: string): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0) return value;
  throw new InvalidArgumentError('It is a whole number of at most nine digits.');
}
