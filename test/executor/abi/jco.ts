/**
 * The oracle: the glue that jco generates for a component around the same core module, and its way of writing values.
 *
 * Only for components that tests wrote: glue for a foreign one would run code that its author can shape.
 */

import { transpile } from '@bytecodealliance/jco';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import type { LinkPlan, TypeRef } from '../../../host/link-plan.ts';
import { coreText, ECHO, SINK, type Table } from './worlds.ts';

type Sink = (value: unknown) => unknown;

interface Glue {
  instantiate(
    getCoreModule: (path: string) => WebAssembly.Module,
    imports: Readonly<Record<string, object>>,
  ): Readonly<Record<string, Readonly<Record<string, Sink>>>>;
}

/** The component around the core module of a plan. */
export async function echoComponent(
  table: Table,
  plan: LinkPlan,
  stringEncoding: 'utf8' | 'utf16',
): Promise<Uint8Array> {
  const core = await parse(coreText(plan));
  return await componentNew(
    await componentEmbed({ binary: core, witSource: witOf(table), stringEncoding }),
    [],
  );
}

/** `echo(index, value, sink)` through the glue, in jco's writing of values. Strings in UTF-8 or UTF-16. */
export async function jcoEcho(
  table: Table,
  plan: LinkPlan,
  stringEncoding: 'utf8' | 'utf16',
): Promise<(index: number, value: unknown, sink: Sink) => unknown> {
  const component = await echoComponent(table, plan, stringEncoding);
  const { files } = await transpile(component, { name: 'guest', instantiation: 'sync', noTypescript: true });
  const source = Buffer.from(files['guest.js'] as Uint8Array).toString('base64');
  const glue: Glue = await import(/* @vite-ignore */ `data:text/javascript;base64,${source}`);
  let sink: Sink = (value) => value;
  const sinks = Object.fromEntries(
    table.roots.map((_, index) => [`sink${index}`, (value: unknown) => sink(value)]),
  );
  const exports = glue.instantiate(
    (path) => new WebAssembly.Module(Uint8Array.from(files[path] as Uint8Array)),
    { [unversioned(SINK)]: sinks, [SINK]: sinks },
  );
  const echo = exports.echo ?? exports[ECHO];
  if (echo === undefined) throw new Error('the glue exports no echo');
  return (index, value, through) => {
    sink = through;
    return (echo[`echo${index}`] as Sink)(value);
  };
}

const unversioned = (name: string): string => name.split('@')[0] as string;

/** The world in WIT: each type of the table that needs a name has one. */
export function witOf({ types, roots }: Table): string {
  const named = types.flatMap((type, index) => {
    const of = (ref: TypeRef): string => witType(types, ref);
    switch (type.kind) {
      case 'record':
        return [
          `record t${index} { ${type.fields.map((field) => `${field.name}: ${of(field.type)}`).join(', ')} }`,
        ];
      case 'variant':
        return [
          `variant t${index} { ${type.cases.map((each) => (each.type === undefined ? each.name : `${each.name}(${of(each.type)})`)).join(', ')} }`,
        ];
      case 'enum':
      case 'flags':
        return [`${type.kind} t${index} { ${type.names.join(', ')} }`];
      default:
        return [];
    }
  });
  const uses = named.map((text) => text.split(' ')[1] as string);
  const use = uses.length === 0 ? '' : `use types.{${uses.join(', ')}};`;
  const functions = (name: string): string =>
    roots
      .map((root, index) => `${name}-${index}: func(v: ${witType(types, root)}) -> ${witType(types, root)};`)
      .join('\n');
  return `package test:echo@1.0.0;
interface types { ${named.join('\n')} }
interface sink { ${use} ${functions('sink')} }
interface echo { ${use} ${functions('echo')} }
world echoing { import sink; export echo; }`;
}

function witType(types: LinkPlan['types'], ref: TypeRef): string {
  if (typeof ref !== 'number') return ref;
  const of = (inner: TypeRef | undefined): string => (inner === undefined ? '_' : witType(types, inner));
  const type = types[ref];
  switch (type?.kind) {
    case 'list':
      return `list<${of(type.element)}>`;
    case 'option':
      return `option<${of(type.some)}>`;
    case 'tuple':
      return `tuple<${type.parts.map(of).join(', ')}>`;
    case 'result':
      if (type.ok === undefined && type.error === undefined) return 'result';
      return type.error === undefined
        ? `result<${of(type.ok)}>`
        : `result<${of(type.ok)}, ${of(type.error)}>`;
    default:
      return `t${ref}`;
  }
}

const camel = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** Ours → jco's: records by camel-case names, flags as objects of booleans, options of options tagged. */
export function toJco(types: LinkPlan['types'], ref: TypeRef, value: unknown): unknown {
  const type = typeof ref === 'number' ? types[ref] : undefined;
  switch (type?.kind) {
    case 'list':
      return type.element === 'u8'
        ? value
        : (value as unknown[]).map((each) => toJco(types, type.element, each));
    case 'tuple':
      return (value as unknown[]).map((each, index) => toJco(types, type.parts[index] as TypeRef, each));
    case 'record': {
      const fields = type.fields.map((field) => [
        camel(field.name),
        toJco(types, field.type, (value as Record<string, unknown>)[field.name]),
      ]);
      return Object.fromEntries(fields);
    }
    case 'flags':
      return Object.fromEntries(type.names.map((name) => [camel(name), (value as string[]).includes(name)]));
    case 'option':
      if (isOption(types, type.some)) {
        if (value === undefined) return { tag: 'none' };
        return { tag: 'some', val: toJco(types, type.some, (value as { val: unknown }).val) };
      }
      return value === undefined ? undefined : toJco(types, type.some, value);
    case 'variant':
    case 'result': {
      const { tag, val } = value as { tag: string; val?: unknown };
      const payload = payloadOf(type, tag);
      return payload === undefined ? { tag, val: undefined } : { tag, val: toJco(types, payload, val) };
    }
    default:
      return value;
  }
}

/** The opposite of `toJco`. */
export function fromJco(types: LinkPlan['types'], ref: TypeRef, value: unknown): unknown {
  const type = typeof ref === 'number' ? types[ref] : undefined;
  switch (type?.kind) {
    case 'list':
      return type.element === 'u8'
        ? Uint8Array.from(value as Uint8Array)
        : Array.from(value as Iterable<unknown>, (each) => fromJco(types, type.element, each));
    case 'tuple':
      return (value as unknown[]).map((each, index) => fromJco(types, type.parts[index] as TypeRef, each));
    case 'record': {
      const fields = type.fields.map((field) => [
        field.name,
        fromJco(types, field.type, (value as Record<string, unknown>)[camel(field.name)]),
      ]);
      return Object.fromEntries(fields);
    }
    case 'flags':
      return type.names.filter((name) => (value as Record<string, boolean>)[camel(name)]);
    case 'option':
      if (isOption(types, type.some)) {
        const { tag, val } = value as { tag: string; val: unknown };
        return tag === 'none' ? undefined : { val: fromJco(types, type.some, val) };
      }
      return value === undefined || value === null ? undefined : fromJco(types, type.some, value);
    case 'variant':
    case 'result': {
      const { tag, val } = value as { tag: string; val?: unknown };
      const payload = payloadOf(type, tag);
      return payload === undefined ? { tag } : { tag, val: fromJco(types, payload, val) };
    }
    default:
      return value;
  }
}

type Cases = Extract<LinkPlan['types'][number], { kind: 'variant' | 'result' }>;

const payloadOf = (type: Cases, tag: string): TypeRef | undefined => {
  if (type.kind === 'result') return tag === 'ok' ? type.ok : type.error;
  return type.cases.find(({ name }) => name === tag)?.type;
};

const isOption = (types: LinkPlan['types'], ref: TypeRef): boolean =>
  typeof ref === 'number' && types[ref]?.kind === 'option';
