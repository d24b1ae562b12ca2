/** The commands `hotcell copybook …`: their arguments, flags and help. What they do is in `copybook.ts`. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { HostConfig } from '../config.ts';
import {
  type ConvertFlags,
  type DetectFlags,
  type LayoutFlags,
  runConvert,
  runDetect,
  runLayout,
} from './copybook.ts';
import type { World } from './world.ts';

/** What these commands share with all others. */
export interface CommandTools {
  readonly world: World;
  readonly finish: (exitCode: number) => void;
  readonly withConfig: (command: Command) => Command;
  readonly configOf: (command: Command) => HostConfig;
  readonly example: (...lines: string[]) => string;
}

const COPYBOOK = ['<copybook>', 'file with the copybook'] as const;

export function addCopybookCommands(program: Command, tools: CommandTools): void {
  const { world, finish, withConfig, configOf, example } = tools;
  const group = program
    .command('copybook')
    .description('COBOL records to JSON lines, JSON, CSV and Arrow, and back, by their copybook')
    .addHelpText(
      'after',
      example(
        'hotcell copybook layout customer.cpy',
        'hotcell copybook decode customer.cpy customer.bin --rows 10',
      ),
    );

  withSource(withConfig(group.command('layout')))
    .description('show what a record is made of')
    .argument(...COPYBOOK)
    .option('--json', 'print the whole layout as JSON')
    .option('--schema', 'print the JSON Schema of a decoded record')
    .addHelpText(
      'after',
      example(
        'hotcell copybook layout customer.cpy',
        'hotcell copybook layout customer.cpy --schema > schema.json',
      ),
    )
    .action(async (copybook: string, flags: LayoutFlags, command: Command) => {
      finish(await runLayout(world, configOf(command), copybook, flags));
    });

  withFile(withSource(withConfig(group.command('decode'))))
    .description('records of a file or a pipe to rows; packed with gzip or not')
    .argument(...COPYBOOK)
    .argument('<file>', 'records; - is standard input')
    .option('--out <file>', 'where it goes; - is standard output', '-')
    .option('--force', 'replace the output file')
    .addOption(
      new Option('--format <format>', 'of the output (default: jsonl)').choices([
        'jsonl',
        'json',
        'csv',
        'arrow',
      ]),
    )
    .option('--rows <count>', 'end after so many rows', wholeNumber(1))
    .option('--detect', 'find out the record format from the beginning of the file')
    .addHelpText(
      'after',
      example(
        'hotcell copybook decode customer.cpy customer.bin --out customer.jsonl --executors 2',
        'hotcell copybook decode customer.cpy customer.vb --record-format VB --fields ID,NAME --format csv',
        'gzip -cd old.gz | hotcell copybook decode old.cpy - --code-page cp273 --option trim=both --rows 5',
        'hotcell copybook decode order.cpy orders --option \'segmentFilter=["A"]\' --options order.json',
      ),
    )
    .action(async (copybook: string, file: string, flags: ConvertFlags, command: Command) => {
      finish(await runConvert(world, configOf(command), 'decode', copybook, file, flags));
    });

  withSource(withConfig(group.command('encode')))
    .description('JSON lines to records')
    .argument(...COPYBOOK)
    .argument('<jsonl>', 'a row a line; - is standard input')
    .option('--out <file>', 'where it goes; - is standard output', '-')
    .option('--force', 'replace the output file')
    .addHelpText(
      'after',
      example(
        'hotcell copybook encode customer.cpy customer.jsonl --out customer.bin',
        'jq -c .rows[] < export.json | hotcell copybook encode customer.cpy - --record-format V > customer.v',
      ),
    )
    .action(async (copybook: string, file: string, flags: ConvertFlags, command: Command) => {
      finish(await runConvert(world, configOf(command), 'encode', copybook, file, flags));
    });

  withFile(withSource(withConfig(group.command('detect'))))
    .description('tell the record format of a file, and why')
    .argument(...COPYBOOK)
    .argument('<file>', 'records; - is standard input')
    .option('--json', 'print JSON')
    .addHelpText('after', example('hotcell copybook detect customer.cpy customer.vb'))
    .action(async (copybook: string, file: string, flags: DetectFlags, command: Command) => {
      finish(await runDetect(world, configOf(command), copybook, file, flags));
    });
}

function withSource(command: Command): Command {
  return command
    .option('--record-format <format>', 'F, FB, V, VB, VBS, D, text or prefix')
    .option('--code-page <name>', 'of texts: cp037, cp273, …')
    .option(
      '--fields <names>',
      'only these items and what lies below them, by name or path: ID,CUSTOMER.NAME',
    )
    .option('--option <name=value>', 'any other option; its value is JSON or text', collect)
    .option('--options <file>', 'JSON file of options')
    .option('--copy <name=file>', 'text for COPY of this name', collect)
    .option('--copy-dir <folder>', 'where the texts for COPY lie', collect);
}

function withFile(command: Command): Command {
  return command
    .option('--header-bytes <count>', 'bytes before the first record', wholeNumber(0))
    .option('--footer-bytes <count>', 'bytes behind the last record', wholeNumber(0));
}

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min) return value;
    throw new InvalidArgumentError(`It is a whole number from ${min}.`);
  };
}
