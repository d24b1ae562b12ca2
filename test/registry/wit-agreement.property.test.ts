/** Random worlds, made into components: what is read from the text is what is read from the bytes. */

import { componentWit } from '@bytecodealliance/jco-transpile/wasm-tools';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { planComponent } from '../../host/registry/plan.ts';
import { readWit } from '../../host/registry/wit.ts';
import { listOperations } from '../../host/registry/wit-operations.ts';
import type { TypeRef, WitType } from '../../host/types.ts';
import { type TypeSample, typeSamples } from '../executor/random-types.ts';
import { dummyComponent, written } from './wit-samples.ts';

/** The definitions that a sample needs, and how its type is then written. Every other structure gets a name of its own. */
function print({ types, ref }: TypeSample, prefix: string): { definitions: string[]; type: string } {
  const definitions: string[] = [];
  const texts: string[] = [];
  const of = (part: TypeRef): string => (typeof part === 'number' ? (texts[part] as string) : part);
  const labelled = (type: WitType): string | undefined => {
    switch (type.kind) {
      case 'record':
        return type.fields
          .map((field) => `/// Of ${field.name}.\n%${field.name}: ${of(field.type)}`)
          .join(', ');
      case 'variant':
        return type.cases
          .map((one) => `%${one.name}${one.type === undefined ? '' : `(${of(one.type)})`}`)
          .join(', ');
      case 'enum':
      case 'flags':
        return type.names.map((name) => `%${name}`).join(', ');
      default:
        return undefined;
    }
  };
  for (const [i, type] of types.entries()) {
    const body = labelled(type);
    if (body !== undefined) {
      definitions.push(`${type.kind} ${prefix}${i} { ${body} }`);
      texts.push(`${prefix}${i}`);
    } else if (type.kind === 'list') {
      texts.push(`list<${of(type.element)}${type.length === undefined ? '' : `, ${type.length}`}>`);
    } else if (type.kind === 'option') texts.push(`option<${of(type.some)}>`);
    else if (type.kind === 'tuple') texts.push(`tuple<${type.parts.map(of).join(', ')}>`);
    else if (type.kind === 'result') {
      const [ok, error] = [type.ok, type.error].map((part) => (part === undefined ? '_' : of(part)));
      texts.push(
        type.ok === undefined && type.error === undefined
          ? 'result'
          : error === '_'
            ? `result<${ok}>`
            : `result<${ok}, ${error}>`,
      );
    } else throw new Error('no sample holds a resource');
    if (body === undefined && i % 2 === 1) {
      definitions.push(`type ${prefix}${i} = ${texts[i]};`);
      texts[i] = `${prefix}${i}`;
    }
  }
  return { definitions, type: of(ref) };
}

it('three types deep, in functions of the world and of interfaces, by every text there is', async () => {
  const counts = { functions: 0, types: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(typeSamples(3), { minLength: 2, maxLength: 4 }), async (samples) => {
      const parts = samples.map((sample, i) => print(sample, `t${i}x`));
      const definitions = parts.flatMap((part) => part.definitions);
      const functions = parts.map(({ type }, i) => `f${i}: func(a: ${type}, b: u8) -> ${type};`);
      const uses = definitions.map((line) => line.split(' ')[1]).join(', ');
      const text = `package a:b@0.1.0;
        interface i { ${definitions.join('\n')} ${functions.slice(1).join('\n')} }
        world w { ${uses === '' ? '' : `use i.{${uses}};`} export i; export ${functions[0]} }`;
      const component = await dummyComponent(text);
      const { plan } = planComponent(component);
      const read = readWit(text);
      expect(read.functions).toHaveLength(plan.exports.length);
      for (const one of plan.exports) {
        const same = read.functions.find(
          (other) => other.name === one.name && other.interface === one.interface,
        );
        expect(same?.parameters.map(({ name, type }) => [name, written(read.types, type)])).toEqual(
          one.type.parameters.map(({ name, type }) => [name, written(plan.types, type)]),
        );
        expect(written(read.types, same?.result)).toEqual(written(plan.types, one.type.result));
        counts.functions++;
      }
      for (const source of [read, readWit(await componentWit(component)), undefined]) {
        const all = listOperations(plan, source);
        for (const { exportIndex, parameters } of all.operations) {
          const planned = plan.exports[exportIndex]?.type.parameters;
          expect(parameters.map(({ type }) => written(all.types, type))).toEqual(
            planned?.map(({ type }) => written(plan.types, type)),
          );
        }
        counts.types += all.types.length;
      }
    }),
    { numRuns: 60 },
  );
  console.log(`${counts.functions} functions agree, ${counts.types} entries of joined tables`);
  expect(counts.functions).toBeGreaterThan(100);
});
