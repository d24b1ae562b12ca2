/**
 * Prints component types in the manner of WIT, so that two types can be compared as text.
 *
 * Handles are printed by the name under which their resource was defined, whatever it is called here. Always: equal lines
 * are equal types up to the identity of resources, which `check-imports.ts` looks at.
 */

import type { ScopedType, ValueType } from './component-type.ts';

/** Longest printed type, in characters: ten times the longest function of WASI 0.2, one that returns an error of HTTP. */
export const PRINTED_MAX = 16_384;

/** How deep a printed type goes. Functions of WASI 0.2 have 6 levels. */
const PRINTED_DEPTH = 16;

/**
 * The type in one line, like `func(a: string) -> result<list<u8>, _>`. Equal lines are equal types: labels are words,
 * and what is cut ends in `…`, which nothing else does.
 */
export function printType(type: ScopedType, maxChars = PRINTED_MAX): string {
  const printed = print(type, 0, maxChars);
  return printed.length > maxChars ? `${printed.slice(0, maxChars)}…` : printed;
}

/** Prints at least `wanted` characters if there are so many; parts beyond that are left out, as types may be huge. */
function print({ definition, types, resource }: ScopedType, depth: number, wanted: number): string {
  if (depth > PRINTED_DEPTH) return '…';
  let printed = '';
  const value = (part: ValueType | undefined): string => {
    if (part === undefined) return '_';
    if (typeof part === 'string') return part;
    const found = types[part];
    return found ? print(found, depth + 1, wanted - printed.length) : '?';
  };
  const each = <T>(open: string, parts: readonly T[], one: (part: T) => string, close: string): void => {
    printed += open;
    for (const [i, part] of parts.entries()) {
      if (printed.length > wanted) break;
      printed += `${i > 0 ? ', ' : ''}${one(part)}`;
    }
    printed += close;
  };
  switch (definition.kind) {
    case 'primitive':
      return definition.name;
    case 'resource':
      return resource?.name || 'resource';
    case 'component':
    case 'instance':
      return definition.kind;
    case 'generic':
      each(`${definition.name}<`, definition.parts, value, '>');
      return printed;
    case 'labelled': {
      const [before, after] = definition.name === 'variant' ? ['(', ')'] : [': ', ''];
      const one = (part: { label: string; type: ValueType | undefined }): string =>
        part.type === undefined ? part.label : `${part.label}${before}${value(part.type)}${after}`;
      each(`${definition.name}{`, definition.cases, one, '}');
      return printed;
    }
    case 'func': {
      const open = definition.isAsync ? 'async func(' : 'func(';
      each(open, definition.parameters, (part) => `${part.label}: ${value(part.type)}`, ')');
      if (definition.result !== undefined) printed += ` -> ${value(definition.result)}`;
      return printed;
    }
  }
}
