/**
 * The repository keeps its own rules: who imports whom, who reads the clock, how long a file is. Each rule is held
 * against the sources, and against an example that breaks it, so that a rule which sees nothing does not pass.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { tableUnder } from './markdown.ts';
import { doorTable, importTable } from './tidy/import-table.ts';
import * as rules from './tidy/rules.ts';
import { listFiles, readSource, sourceOf } from './tidy/sources.ts';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const paths = listFiles(root);
const isText = /\.(m?[jt]s|json|md|wit|ya?ml)$|(^|\/)(\.ci\/run|\.gitignore|\.npmrc)$/;
const sources = paths
  .filter((path) => isText.test(path) && path !== 'package-lock.json')
  .map((path) => readSource(root, path));

const machine = rules.noMachinePaths([root, homedir()]);
const word = (a: string, b: string): string => a + b;

const cases: readonly [string, rules.Rule, Readonly<Record<string, string>>, string][] = [
  [
    'files import only what the import table lets them',
    rules.importsFollowTheTable,
    { 'host/pool/pool.ts': "import { x } from '../registry/registry.ts';" },
    'host/pool/pool.ts: layer pool may not import host/registry/registry.ts of registry',
  ],
  [
    'rooms are types to the flow',
    rules.importsFollowTheTable,
    {
      'host/invoke.ts':
        "import type { A } from './pool/pool.ts';\nimport { type B } from './pool/pool.ts';\nimport { type C, d } from './pool/pool.ts';",
    },
    'host/invoke.ts: layer flow may not import host/pool/pool.ts of pool',
  ],
  [
    'a thread has neither files nor network',
    rules.importsFollowTheTable,
    { 'host/executor/thread.ts': "import { readFile } from 'node:fs';" },
    'host/executor/thread.ts: layer thread may not import node:fs',
  ],
  [
    'every file of the host has a layer',
    rules.importsFollowTheTable,
    { 'host/misc/thing.ts': '' },
    'host/misc/thing.ts: is in no layer of the import table: add its folder to test/tidy/import-table.ts',
  ],
  [
    'a package is imported behind its door only',
    rules.packagesStayBehindTheirDoor,
    { 'host/invoke.ts': "import type { FastifyRequest } from 'fastify';" },
    'host/invoke.ts: fastify is imported outside its door: host/http/**',
  ],
  [
    'so are scoped packages and paths inside packages',
    rules.packagesStayBehindTheirDoor,
    {
      'host/http/http.ts':
        "import '@fastify/helmet';\nconst x = await import('@bytecodealliance/jco/component');",
    },
    'host/http/http.ts: @bytecodealliance/* is imported outside its door: host/registry/compile.ts,host/registry/prepare-*.ts,adapters/*.ts',
  ],
  [
    'a package without a door is not imported',
    rules.packagesStayBehindTheirDoor,
    { 'host/http/http.ts': "import x from 'left-pad';" },
    'host/http/http.ts: package left-pad has no door in the import table',
  ],
  [
    'no file imports itself in a round',
    rules.noCycles,
    {
      'host/b.ts': "export { x } from './c.ts';",
      'host/c.ts': "import './a.ts';",
      'host/a.ts': "import {\n  y,\n} from './b.ts';",
    },
    'host/a.ts: imports itself: host/a.ts → host/b.ts → host/c.ts → host/a.ts',
  ],
  [
    'time comes from the clock',
    rules.timeComesFromTheClock,
    { 'host/pool/pool.ts': "// setTimeout(\nconst a = 'Date.now(' + /setInterval\\(/;\nsetTimeout(f, 1);" },
    'host/pool/pool.ts: setTimeout outside the clock: take a Clock (line 3)',
  ],
  [
    'everything exported has a name',
    rules.noDefaultExports,
    { 'host/a.ts': "const text = 'export default';\nexport default text;" },
    'host/a.ts: default export: name it (line 2)',
  ],
  [
    'files stay short enough to read',
    rules.filesStayShort,
    { 'bench/host.ts': `${'\n'.repeat(350)}x` },
    'bench/host.ts: has 351 lines, more than 350: split it by concern',
  ],
  [
    'so do tests, which are lists of cases',
    rules.filesStayShort,
    { 'test/a.test.ts': `${'\n'.repeat(450)}x`, 'test/b.test.ts': `${'\n'.repeat(449)}x` },
    'test/a.test.ts: has 451 lines, more than 450: split it by concern',
  ],
  [
    'no file is called index',
    rules.noIndexFiles,
    { 'host/pool/index.ts': '' },
    'host/pool/index.ts: is called index: name it after what it holds',
  ],
  [
    'nothing is left to do',
    rules.nothingIsLeftToDo,
    { 'host/README.md': `text\n${word('TO', 'DO')}: more` },
    `host/README.md: ${word('TO', 'DO')}: do it or drop it (line 2)`,
  ],
  [
    'what tests share does nothing when it is loaded',
    rules.helpersDoNothingWhenLoaded,
    {
      'test/a.ts': 'function f() {\n  afterEach(() => {});\n}\nbeforeEach(() => {});',
      'test/a.test.ts': 'afterAll(f);',
    },
    'test/a.ts: beforeEach when loaded: let test files call a function for it (line 4)',
  ],
  [
    'who runs the tests of another file runs alone',
    rules.importedTestsRunAlone,
    {
      'test/pool/a.test.ts': `await ${word('im', 'port')}('./b.test.ts');`,
      'test/executor/a.test.ts': `await ${word('im', 'port')}('./b.test.ts');`,
    },
    'test/pool/a.test.ts: imports the tests of test/pool/b.test.ts and is not in test/alone.ts',
  ],
  [
    'no test leaves the others out',
    rules.noTestIsLeftOut,
    { 'test/a.test.ts': "test.only('x', () => {});\n" },
    'test/a.test.ts: .only leaves the other tests out (line 1)',
  ],
  [
    'a test that is left out says why',
    rules.noTestIsLeftOut,
    {
      'test/a.test.ts':
        "console.log('no git here');\ntest.skip('x');\n\n\n\n\n\ncontext.skip('no git');\n\n\n\n\n\ntest.skip('y');",
    },
    'test/a.test.ts: .skip() without a printed reason (line 14)',
  ],
  [
    'no file knows the machine it was written on',
    machine,
    { 'bench/host.ts': `const a = '/a/home/b/c';\nconst file = '${word('/ho', 'me')}/me/file';` },
    'bench/host.ts: a path of one machine (line 2)',
  ],
];

describe('each rule sees a breach, and only that', () => {
  test.each(cases)('%s', (_name, rule, example, breach) => {
    expect(rule(Object.entries(example).map(([path, text]) => sourceOf(path, text)))).toEqual([breach]);
  });
});

describe('in this repository', () => {
  // The first case of each rule names it; the others are its corners.
  const named = cases.filter(([, rule], index) => cases.findIndex((other) => other[1] === rule) === index);
  test.each(named)('%s', (_name, rule) => {
    expect(rule(sources)).toEqual([]);
  });
});

describe('every folder that needs a README has one', () => {
  test('the rule sees a breach, and only that', () => {
    const example = ['README.md', 'host/README.md', 'host/a.ts', 'host/pool/pool.ts', 'test/a.ts'];
    expect(rules.foldersHaveReadmes(example)).toEqual(['host/pool/README.md: is missing']);
  });

  test('the repository keeps it', () => {
    expect(rules.foldersHaveReadmes(paths)).toEqual([]);
  });
});

test('no built wasm is in git', (context) => {
  if (!existsSync(`${root}/.git`)) return context.skip('this is not a git clone');
  const tracked = execFileSync('git', ['ls-files', '*.wasm', '.build', 'node_modules'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(tracked).toBe('');
});

test.each([
  ['import table', importTable()],
  ['table of doors', doorTable()],
])('host/README.md prints the %s that is enforced', (_name, table) => {
  expect(tableUnder(readFileSync(`${root}/host/README.md`, 'utf8'), table[0] ?? [])).toEqual(table);
});
