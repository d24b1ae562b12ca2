/**
 * The repository as the tidy rules see it: paths, text, text without comments and strings, and imports.
 *
 * A small scanner, not a parser: it knows comments, strings, templates and regular expressions well enough to blank
 * them out, and every import of this repository is written in one of the forms it reads.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

export interface Import {
  /** As written: `./x.ts`, `node:fs`, `fastify`. */
  readonly specifier: string;
  /** Path from the root for a relative import, else undefined. */
  readonly path: string | undefined;
  readonly typeOnly: boolean;
}

export interface Source {
  /** From the root, with `/`. */
  readonly path: string;
  readonly text: string;
  /** The text with comments and the contents of strings blanked; same lines. */
  readonly code: string;
  readonly imports: readonly Import[];
}

const SKIPPED = new Set(['node_modules', '.git', '.build', 'dist', 'hotcell-data', 'results', 'bench-out']);

/** Every file below the root that belongs to the repository, as paths from the root, sorted. */
export function listFiles(root: string, folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !SKIPPED.has(name))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return listFiles(root, path);
      return entry.isFile() ? [path] : [];
    })
    .toSorted();
}

export function readSource(root: string, path: string): Source {
  return sourceOf(path, readFileSync(join(root, path), 'utf8'));
}

/** A source from its text, for the rules and for examples of what they refuse. */
export function sourceOf(path: string, text: string): Source {
  return { path, text, code: blank(text, true), imports: importsOf(path, blank(text, false)) };
}

const FORMS = [
  /^[ \t]*(?:import|export)\s+(?<type>type\s)?(?<names>[^'"`;()]*?)\bfrom\s*(['"])(?<from>[^'"\n]+)\3/gm,
  /^[ \t]*import\s*(['"])(?<from>[^'"\n]+)\1/gm,
  /\bimport\(\s*(['"])(?<from>[^'"\n]+)\1/g,
];

function importsOf(path: string, text: string): Import[] {
  return FORMS.flatMap((form) =>
    [...text.matchAll(form)].map(({ groups }) => {
      const specifier = groups?.from ?? '';
      const names = (groups?.names ?? '').replace(/[{}\s]+/g, ' ').trim();
      const allTypes = names !== '' && names.split(',').every((name) => /^\s*(type\s|$)/.test(name));
      const relative = specifier.startsWith('.');
      return {
        specifier,
        path: relative ? normalize(join(dirname(path), specifier)).replaceAll('\\', '/') : undefined,
        typeOnly: groups?.type !== undefined || allTypes,
      };
    }),
  );
}

const COMMENT = String.raw`(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)`;
const STRING = String.raw`'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\x60(?:\\[\s\S]|[^\x60\\])*\x60`;
/** A slash opens a regular expression where a value may begin. */
const REGEX = String.raw`(?<=[(,=:[!&|?{};+\n]\s*|return\s|=>\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/`;

/** Replaces comments, and with `strings` also the contents of strings and regular expressions, by spaces. */
function blank(text: string, strings: boolean): string {
  return text.replace(new RegExp(`${COMMENT}|${STRING}|${REGEX}`, 'g'), (token, ...rest) => {
    const groups = rest.at(-1) as Record<string, string | undefined>;
    if (groups.comment === undefined && !strings) return token;
    return token.replace(/[^\n]/g, ' ');
  });
}
