/**
 * The rules of the repository, each a function from sources to breaches. A breach names the file and what to do.
 */

import { isBuiltin } from 'node:module';
import { matchesGlob } from 'node:path';
import { ALONE } from '../alone.ts';
import { DOORS, layerOf } from './import-table.ts';
import type { Source } from './sources.ts';

export type Rule = (sources: readonly Source[]) => string[];

const LINES_MAX_COUNT = 350;
/** A test file is a list of cases: what belongs together is longer, and nobody reads it from end to end. */
const TEST_LINES_MAX_COUNT = 450;
/** Files that are one on purpose. */
const LONG_ON_PURPOSE: Readonly<Record<string, string>> = {
  'host/boot.mjs': 'runs before anything is installed and so cannot be several modules',
  'host/types.ts': 'shapes only: the one place where rooms meet',
};

/** Real time is read here; everybody else is given a `Clock`, so that tests own time. */
const TIME_OWNERS = [
  'host/clock.ts',
  'host/boot.mjs',
  'host/client/time.ts',
  'host/executor/thread.ts',
  'bench/**',
  'test/**',
  'adapters/**',
];
const TIME = /(?<![.\w])(Date\.now|performance\.now|setTimeout|setInterval)\s*\(|\bnew Date\(\s*\)/g;

const isScript = (path: string): boolean => /\.m?[jt]s$/.test(path);
const isRepositoryCode = (path: string): boolean =>
  /^(host|adapters|crypto-wasm)\//.test(path) && isScript(path) && !path.endsWith('.d.ts');
/** A guest's own packages are linked into it by its toolchain: they are no dependency of the host. */
const isHostCode = (path: string): boolean =>
  isRepositoryCode(path) && !/^(adapters|crypto-wasm)\/.*\//.test(path);
const lineOf = (text: string, index: number): number => text.slice(0, index).split('\n').length;

const each =
  (applies: (path: string) => boolean, check: (source: Source) => readonly string[]): Rule =>
  (sources) =>
    sources
      .filter(({ path }) => applies(path))
      .flatMap((source) => check(source).map((text) => `${source.path}: ${text}`));

/** Every place where `pattern` stands in the code, with its line. */
const places = (
  source: Source,
  pattern: RegExp,
  text: (match: string) => string,
  field: 'code' | 'text' = 'code',
) =>
  [...source[field].matchAll(pattern)].map(
    (match) => `${text(match[0])} (line ${lineOf(source.text, match.index)})`,
  );

/** The import table of `host/README.md`. */
export const importsFollowTheTable: Rule = each(isRepositoryCode, ({ path, imports }) => {
  const own = layerOf(path);
  if (!own) return ['is in no layer of the import table: add its folder to test/tidy/import-table.ts'];
  return imports.flatMap((item) => {
    if (item.path === undefined) {
      const refused = isBuiltin(item.specifier) && own.builtins && !own.builtins.includes(item.specifier);
      return refused ? [`layer ${own.name} may not import ${item.specifier}`] : [];
    }
    if (item.path === 'package.json') return [];
    const other = layerOf(item.path);
    if (other === own || (other && own.imports.includes(other.name))) return [];
    if (other && item.typeOnly && own.imports.includes(`${other.name} (types)`)) return [];
    return [`layer ${own.name} may not import ${item.path} of ${other?.name ?? 'no layer'}`];
  });
});

/** One door for each package. */
export const packagesStayBehindTheirDoor: Rule = each(isHostCode, ({ path, imports }) =>
  imports
    .filter((item) => item.path === undefined)
    .flatMap(({ specifier }) => {
      const door = Object.entries(DOORS).find(
        ([name]) =>
          specifier === name || matchesGlob(specifier, `${name}/**`) || matchesGlob(specifier, name),
      );
      if (!door) return isBuiltin(specifier) ? [] : [`package ${specifier} has no door in the import table`];
      const [name, files] = door;
      return files.some((pattern) => matchesGlob(path, pattern))
        ? []
        : [`${name} is imported outside its door: ${files}`];
    }),
);

/** Two files that need each other are one file or three. */
export const noCycles: Rule = (sources) => {
  const known = new Map(sources.map((source) => [source.path, source]));
  const done = new Set<string>();
  const breaches = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      const cycle = trail.slice(at);
      // The same cycle from each of its files is one breach: begin it at the first name.
      const first = cycle.indexOf(cycle.toSorted()[0] ?? '');
      const turned = [...cycle.slice(first), ...cycle.slice(0, first)];
      breaches.add(`${turned[0]}: imports itself: ${[...turned, turned[0]].join(' → ')}`);
      return;
    }
    if (done.has(path)) return;
    for (const item of known.get(path)?.imports ?? []) {
      if (item.path !== undefined) visit(item.path, [...trail, path]);
    }
    done.add(path);
  };
  for (const path of known.keys()) visit(path, []);
  return [...breaches];
};

export const timeComesFromTheClock: Rule = each(
  (path) => isScript(path) && !TIME_OWNERS.some((pattern) => matchesGlob(path, pattern)),
  (source) =>
    places(source, TIME, (match) => `${match.replace(/\s*\($/, '')} outside the clock: take a Clock`),
);

export const noDefaultExports: Rule = each(
  // A JavaScript guest exports what its toolchain asks for, and so does the configuration of the test runner.
  (path) => isScript(path) && /^(host|bench|test|adapters\/[^/]+$)/.test(path),
  (source) =>
    places(
      source,
      /^export\s+default\b|^export\s*\{[^}]*\bas\s+default\b/gm,
      () => 'default export: name it',
    ),
);

export const filesStayShort: Rule = each(
  (path) => isScript(path) && !(path in LONG_ON_PURPOSE),
  ({ path, text }) => {
    const count = text.trimEnd().split('\n').length;
    const maxCount = path.endsWith('.test.ts') ? TEST_LINES_MAX_COUNT : LINES_MAX_COUNT;
    return count > maxCount ? [`has ${count} lines, more than ${maxCount}: split it by concern`] : [];
  },
);

export const noIndexFiles: Rule = each(
  (path) => /(^|\/)index\.m?[jt]s$/.test(path),
  () => ['is called index: name it after what it holds'],
);

export const nothingIsLeftToDo: Rule = each(
  () => true,
  (source) =>
    places(source, /\b(TO(?=DO)DO|FIX(?=ME)ME|X(?=XX)XX)\b/g, (word) => `${word}: do it or drop it`, 'text'),
);

export const noTestIsLeftOut: Rule = each(
  (path) => /^test\/.*\.test\.ts$/.test(path),
  (source) => {
    const lines = source.text.split('\n');
    const alone = places(
      source,
      /\b(test|it|describe)\s*(\.\w+)*\.only\b/g,
      () => '.only leaves the other tests out',
    );
    const skipped = [...source.code.matchAll(/\.(skip|skipIf|runIf|todo)\s*\(/g)].flatMap((match) => {
      const line = lineOf(source.code, match.index);
      const near = lines.slice(Math.max(0, line - 4), line + 1).join('\n');
      // `context.skip('why')` prints its reason with the result; anything else must print one beside it.
      if (/\.skip\(\s*['"`]\w/.test(near) && !/\b(test|it|describe)\.skip/.test(near)) return [];
      return /console\.\w+\(|stderr\.write\(/.test(near)
        ? []
        : [`${match[0]}) without a printed reason (line ${line})`];
    });
    return [...alone, ...skipped];
  },
);

/** Paths of the machine on which a file was written. `own` are those of this machine. */
export const noMachinePaths = (own: readonly string[]): Rule => {
  const escaped = own.filter((path) => path.split('/').length > 2).map((path) => RegExp.escape(path));
  const pattern = new RegExp(
    `(?<![\\w.])(/(home|Users)/\\w+/|/root/\\w|[A-Z]:\\\\Users\\\\${escaped.map((path) => `|${path}`).join('')})`,
    'g',
  );
  return each(
    () => true,
    (source) => places(source, pattern, () => 'a path of one machine', 'text'),
  );
};

/** Each of these folders explains itself, when it has code. */
export const foldersHaveReadmes = (paths: readonly string[]): string[] => {
  const folders = new Set(
    paths
      .filter(isScript)
      .flatMap((path) => /^(bench|(host|adapters|crypto-wasm)(\/[^/]+)?)(?=\/)/.exec(path)?.[0] ?? []),
  );
  for (const folder of [...folders]) folders.add(folder.split('/')[0] ?? folder);
  return [...folders, '.']
    .map((folder) => (folder === '.' ? 'README.md' : `${folder}/README.md`))
    .filter((readme) => !paths.includes(readme))
    .map((readme) => `${readme}: is missing`);
};

const isTestPart = (path: string): boolean => path.startsWith('test/') && !path.endsWith('.test.ts');

/** Test files share modules: what one does when it is loaded is done for the first file that imports it, and for no other. */
export const helpersDoNothingWhenLoaded: Rule = each(isTestPart, (source) =>
  places(
    source,
    /^(before|after)(Each|All)(?=\()/gm,
    (hook) => `${hook} when loaded: let test files call a function for it`,
  ),
);

/** A module that was loaded registers its tests no second time: there would be none, and nobody would see it. */
export const importedTestsRunAlone: Rule = each(
  (path) => path.endsWith('.test.ts') && !ALONE.some((pattern) => matchesGlob(path, pattern)),
  ({ imports }) =>
    imports
      .filter((item) => item.path?.endsWith('.test.ts'))
      .map((item) => `imports the tests of ${item.path} and is not in test/alone.ts`),
);
