/**
 * What the bytes of a component say and what its text says, held against each other and joined.
 *
 * The bytes are the truth about structure; names and documentation come from the text. Where the text does not define
 * a type, or there is no text, the structure stands alone. Always: the joined table says of every function exactly what the
 * plan says; a text that says something else is refused, since documentation of another component would mislead whoever calls.
 */

import { HostError } from '../errors.ts';
import type { LinkPlan, TypeRef, WitType } from '../link-plan.ts';
import { measureTypes, type NotedTypes, type TypeNote, type WitText } from './wit-types.ts';

/** Entries of the joined table: an entry of the plan appears once for each name the text has for it. */
const TYPES_MAX = 20_000;

/** How deep types go; schemas and converters recurse once for each level. */
export const TYPE_DEPTH_MAX = 100;

export interface TypeJoin {
  /** The entry of the joined table for a type of the plan, and of the text if it says something. */
  join(planned: TypeRef, written: TypeRef | undefined, where: string): TypeRef;
  readonly joined: NotedTypes;
}

/** `join` throws REGISTRY_REJECTED — the text says another type, or the types are too many or too deep. */
export function createTypeJoin(
  plan: Pick<LinkPlan, 'types' | 'resources'>,
  text: WitText | undefined,
): TypeJoin {
  const types: WitType[] = [];
  const notes: (TypeNote | undefined)[] = [];
  const { depths } = measureTypes(plan.types);
  const made = new Map<string, number>();

  const join: TypeJoin['join'] = (planned, written, where) => {
    const other = typeof written === 'number' ? text?.types[written] : written;
    const said = typeof other === 'object' && other.kind === 'unknown' ? undefined : other;
    const type = typeof planned === 'number' ? (plan.types[planned] as WitType) : planned;
    if (said !== undefined && nameOf(type) !== nameOf(said)) refuse(where, nameOf(type), nameOf(said));
    if (typeof planned === 'string' || typeof type === 'string') return planned;

    const key = `${planned} ${said === undefined ? '' : written}`;
    const found = made.get(key);
    if (found !== undefined) return found;
    if ((depths[planned] as number) > TYPE_DEPTH_MAX) {
      throw rejected(`${where}: types are nested more than ${TYPE_DEPTH_MAX} deep`);
    }
    const each = (part: TypeRef, same: TypeRef | undefined, step: string): TypeRef =>
      join(part, same, `${where}${step}`);
    const entry = joinParts(type, said as WitType | undefined, where, each);
    if (types.length >= TYPES_MAX) throw rejected(`${where}: its functions use more than ${TYPES_MAX} types`);
    const index = types.push(entry) - 1;
    notes.push(said === undefined ? undefined : text?.notes[written as number]);
    made.set(key, index);
    return index;
  };

  /** The same type over entries of the joined table. */
  const joinParts = (
    type: WitType,
    said: WitType | undefined,
    where: string,
    each: (part: TypeRef, same: TypeRef | undefined, step: string) => TypeRef,
  ): WitType => {
    const optional = (
      part: TypeRef | undefined,
      same: TypeRef | undefined,
      step: string,
    ): TypeRef | undefined => {
      if (said !== undefined && (part === undefined) !== (same === undefined)) {
        refuse(
          `${where}${step}`,
          part === undefined ? 'nothing' : 'a value',
          same === undefined ? 'nothing' : 'a value',
        );
      }
      return part === undefined ? undefined : each(part, same, step);
    };
    switch (type.kind) {
      case 'list': {
        const same = said as typeof type | undefined;
        if (same !== undefined && same.length !== type.length) {
          refuse(where, `length ${type.length ?? 'any'}`, `length ${same.length ?? 'any'}`);
        }
        return { ...type, element: each(type.element, same?.element, '[]') };
      }
      case 'option':
        return { kind: 'option', some: each(type.some, (said as typeof type | undefined)?.some, '?') };
      case 'tuple': {
        const same = said as typeof type | undefined;
        sameNames(where, type.parts.length, same?.parts.length);
        return { kind: 'tuple', parts: type.parts.map((part, i) => each(part, same?.parts[i], `.${i}`)) };
      }
      case 'result': {
        const same = said as typeof type | undefined;
        return {
          kind: 'result',
          ok: optional(type.ok, same?.ok, '.ok'),
          error: optional(type.error, same?.error, '.error'),
        };
      }
      case 'record': {
        const same = said as typeof type | undefined;
        sameNames(where, labels(type.fields), same && labels(same.fields));
        const fields = type.fields.map(({ name, type: part }, i) => ({
          name,
          type: each(part, same?.fields[i]?.type, `.${name}`),
        }));
        return { kind: 'record', fields };
      }
      case 'variant': {
        const same = said as typeof type | undefined;
        sameNames(where, labels(type.cases), same && labels(same.cases));
        const cases = type.cases.map(({ name, type: part }, i) => ({
          name,
          type: optional(part, same?.cases[i]?.type, `.${name}`),
        }));
        return { kind: 'variant', cases };
      }
      case 'enum':
      case 'flags':
        sameNames(where, type.names.join(', '), (said as typeof type | undefined)?.names.join(', '));
        return type;
      case 'own':
      case 'borrow': {
        const planned = plan.resources[type.resource]?.name;
        // The binary need not name a resource that never leaves the component.
        if (said !== undefined && planned !== undefined) {
          sameNames(where, planned, text?.resources[(said as typeof type).resource]);
        }
        return type;
      }
    }
  };

  return { join, joined: { types, notes } };
}

const labels = (named: readonly { readonly name: string }[]): string =>
  named.map(({ name }) => name).join(', ');

const nameOf = (type: TypeRef | { readonly kind: string }): string =>
  typeof type === 'object' ? type.kind : `${type}`;

function sameNames<T extends string | number>(where: string, planned: T, written: T | undefined): void {
  if (written !== undefined && planned !== written) refuse(where, `${planned}`, `${written}`);
}

function refuse(where: string, planned: string, written: string): never {
  const clip = (text: string): string => (text.length > 100 ? `${text.slice(0, 100)}…` : text);
  throw rejected(`${where}: the WIT text says ${clip(written)} where the component has ${clip(planned)}`);
}

const rejected = (detail: string): HostError => new HostError('REGISTRY_REJECTED', detail);
