/**
 * The Canonical ABI: values of WIT types between host and guest, both ways, for every function a plan names.
 *
 * Runs in the executor's thread. What depends on the plan alone is worked out once (`compileAbi`); a cell binds it to its
 * instances. The caller enters the guest itself, so that it may do so through JSPI: `lowerArguments`, the core call,
 * `liftResult`, the core post-return. Lifted values look as `link-plan.ts` types are named: integers up to 32 bits and
 * floats are numbers, 64 bits bigints, `list<u8>` bytes of its own, records objects that inherit nothing, variants and
 * results `{ tag, val? }`, flags arrays of names, `none` undefined, handles the host's objects or `{ rep }`.
 * Always: what a guest hands over is checked before it is used; a violation is EXECUTOR_BAD_RESULT and the cell must not be
 * entered again. The guest must not see that exception: the caller makes a trap of it.
 * Source: component model, Canonical ABI, "canon lift", "canon lower" and "Lifting and Lowering Values".
 */

import type { CanonicalOptions, LinkPlan } from '../link-plan.ts';
import type { Flat } from './abi-codec.ts';
import { toArgumentError, toImplementationError } from './abi-faults.ts';
import { type Handle, HandleTable } from './abi-handles.ts';
import { type CellState, find, GuestSpace, type LiftLimits } from './abi-space.ts';
import { compileTypes, type FunctionCodec } from './abi-types.ts';
import { badResult } from './lift.ts';

/** A core function as the engine calls it. */
export type AbiFunction = (...flat: Flat[]) => unknown;

export interface Abi {
  /**
   * `instances` may still be empty and is filled by instantiation: memories and allocators are looked up at the first
   * call that needs them, then kept.
   */
  bind(instances: readonly WebAssembly.Exports[], limits: LiftLimits): CellAbi;
}

export interface CellAbi {
  /**
   * False while the guest must not call out, which then is EXECUTOR_BAD_RESULT: during its allocator (set here) and its
   * post-return (to be set by the caller around the call). Neither may be suspended meanwhile.
   */
  mayLeave: boolean;
  /** Handles that the guest holds. */
  readonly handleCount: number;
  /** Heap of the result that was lifted last, in bytes as estimated. */
  readonly liftedBytes: number;
  /**
   * The core function for `plan.imports[index]`. `call` gets the lifted arguments, which are its own. Gives a promise when `call`
   * does; a rejection passes through. `meanwhile` runs what hands an answer that was waited for to the guest. Handles lent to the call are given back when it has ended.
   * Throws EXECUTOR_BAD_RESULT — the guest broke the ABI; HOST_INTERNAL — the result is not of its type.
   */
  importFunction(
    index: number,
    call: (...values: unknown[]) => unknown,
    meanwhile?: (finish: () => unknown) => unknown,
  ): AbiFunction;
  /**
   * The core function of a builtin on `plan.resources[resource]`. Dropping an own handle calls `drop` with the host's object, or
   * the destructor of the guest with its representation.
   */
  resourceFunction(
    builtin: 'new' | 'drop' | 'rep',
    resource: number,
    drop?: (object: unknown) => void,
  ): AbiFunction;
  /**
   * Copies the arguments of `plan.exports[exportIndex]` into the guest and gives what its core function is to be called with.
   * Throws EXECUTOR_BAD_ARGUMENT — an argument is not of its type; `problems` has its JSON pointer, like `/2/items/0/name`. The
   * cell is well, less what the guest had allocated for the arguments before it. EXECUTOR_BAD_RESULT — the allocator lies.
   */
  lowerArguments(exportIndex: number, values: readonly unknown[]): Flat[];
  /** Takes the result out of the guest. To be called for functions without a result too. Throws EXECUTOR_BAD_RESULT. */
  liftResult(exportIndex: number, coreResult: Flat | undefined): unknown;
}

/** A function with its place in the list of option sets, of which a cell makes one space each. */
interface BoundCodec extends FunctionCodec {
  readonly space: number;
}

interface CompiledPlan {
  readonly plan: LinkPlan;
  readonly options: readonly CanonicalOptions[];
  readonly imports: readonly BoundCodec[];
  readonly exports: readonly BoundCodec[];
}

/** Worked out once for a plan and thread. Throws REGISTRY_UNSUPPORTED — a type is larger or deeper than this host takes. */
export function compileAbi(plan: LinkPlan): Abi {
  const compile = compileTypes(plan);
  const spaces = new Map<string, number>();
  const options: CanonicalOptions[] = [];
  const spaceOf = ({ memory, realloc, encoding }: CanonicalOptions): number => {
    const key = JSON.stringify([memory?.instance, memory?.name, realloc?.instance, realloc?.name, encoding]);
    const known = spaces.get(key);
    if (known !== undefined) return known;
    spaces.set(key, options.length);
    return options.push({ memory, realloc, encoding }) - 1;
  };
  const compiled: CompiledPlan = {
    plan,
    options,
    imports: plan.imports.map((each) => ({ ...compile(each.type), space: spaceOf(each) })),
    exports: plan.exports.map((each) => ({ ...compile(each.type), space: spaceOf(each.lifted) })),
  };
  return { bind: (instances, limits) => new BoundAbi(compiled, instances, limits) };
}

class BoundAbi implements CellAbi {
  readonly #compiled: CompiledPlan;
  readonly #instances: readonly WebAssembly.Exports[];
  readonly #limits: LiftLimits;
  readonly #state: CellState = { handles: new HandleTable(), mayLeave: true };
  readonly #spaces: (GuestSpace | undefined)[] = [];
  /** Where the last result came from. */
  #lifted: GuestSpace | undefined;

  constructor(compiled: CompiledPlan, instances: readonly WebAssembly.Exports[], limits: LiftLimits) {
    this.#compiled = compiled;
    this.#instances = instances;
    this.#limits = limits;
  }

  get mayLeave(): boolean {
    return this.#state.mayLeave;
  }

  set mayLeave(may: boolean) {
    this.#state.mayLeave = may;
  }

  get handleCount(): number {
    return this.#state.handles.size;
  }

  get liftedBytes(): number {
    return this.#lifted?.liftedBytes ?? 0;
  }

  #space(index: number): GuestSpace {
    const known = this.#spaces[index];
    if (known !== undefined) return known;
    const options = this.#compiled.options[index] as CanonicalOptions;
    const space = new GuestSpace(this.#instances, options, this.#state, this.#limits);
    this.#spaces[index] = space;
    return space;
  }

  #checkMayLeave(): void {
    if (!this.#state.mayLeave) throw badResult('the guest called out of its allocator or its cleanup');
  }

  importFunction(
    index: number,
    call: (...values: unknown[]) => unknown,
    meanwhile: (finish: () => unknown) => unknown = (finish) => finish(),
  ): AbiFunction {
    const codec = this.#compiled.imports[index];
    const declared = this.#compiled.plan.imports[index];
    if (codec === undefined || declared === undefined) throw new Error(`a plan without import ${index}`);
    const { parameters, result, isResultSpilled } = codec;
    const { handles } = this.#state;
    const parameterFlatCount = parameters.flat?.length ?? 1;
    const finish = (
      space: GuestSpace,
      value: unknown,
      lent: readonly Handle[],
      resultPointer: number,
    ): unknown => {
      handles.giveBack(lent);
      if (result === undefined) return undefined;
      space.refresh();
      try {
        if (isResultSpilled) {
          result.store(space, value, resultPointer);
          return undefined;
        }
        const out: Flat[] = [];
        result.lower(space, value, out, 0);
        return out[0];
      } catch (error) {
        throw toImplementationError(error, `${declared.interface} ${declared.name}`);
      }
    };
    return (...flat) => {
      this.#checkMayLeave();
      const space = this.#space(codec.space);
      space.beginLift(parameters.liftedBytes, this.#limits.argumentsMaxBytes);
      const values = liftTuple(space, codec, flat);
      const resultPointer = isResultSpilled ? (flat[parameterFlatCount] as number) >>> 0 : 0;
      if (result !== undefined && isResultSpilled) {
        space.check(resultPointer, result.size, result.align, 'room for a result');
      }
      const lent = handles.takeLent();
      const value = call(...values);
      if (isThenable(value)) {
        return value.then((settled) => meanwhile(() => finish(space, settled, lent, resultPointer)));
      }
      return finish(space, value, lent, resultPointer);
    };
  }

  resourceFunction(
    builtin: 'new' | 'drop' | 'rep',
    resource: number,
    drop?: (object: unknown) => void,
  ): AbiFunction {
    const type = this.#compiled.plan.resources[resource];
    if (type === undefined) throw new Error(`a plan without resource ${resource}`);
    const { handles } = this.#state;
    const isHosts = type.interface !== undefined;
    if (builtin === 'rep') return (index) => handles.get((index as number) >>> 0, resource).rep;
    if (builtin === 'new') {
      if (isHosts) throw new Error(`resource.new of ${type.name}, which is the host's`);
      return (rep) => {
        this.#checkMayLeave();
        return handles.add(resource, (rep as number) >>> 0, true);
      };
    }
    let destroy = isHosts ? drop : undefined;
    return (index) => {
      this.#checkMayLeave();
      const { isOwn, rep } = handles.remove((index as number) >>> 0, resource);
      if (!isOwn) return;
      if (!isHosts)
        destroy ??= find(this.#instances, type.destructor) as ((rep: unknown) => void) | undefined;
      destroy?.(rep);
    };
  }

  lowerArguments(exportIndex: number, values: readonly unknown[]): Flat[] {
    const codec = this.#export(exportIndex);
    const { parameters } = codec;
    const space = this.#space(codec.space);
    space.refresh();
    const { handles } = this.#state;
    const out: Flat[] = [];
    handles.beginArguments();
    try {
      if (parameters.flat !== undefined) parameters.lower(space, values, out, 0);
      else {
        const pointer = space.allocate(parameters.size, parameters.align);
        parameters.store(space, values, pointer);
        out.push(pointer);
      }
    } catch (error) {
      handles.endArguments(false);
      throw toArgumentError(error);
    }
    handles.endArguments(true);
    return out;
  }

  liftResult(exportIndex: number, coreResult: Flat | undefined): unknown {
    const codec = this.#export(exportIndex);
    const { result } = codec;
    const { handles } = this.#state;
    handles.checkBorrows();
    this.#lifted = undefined;
    if (result === undefined) return undefined;
    const space = this.#space(codec.space);
    this.#lifted = space;
    space.beginLift(result.liftedBytes);
    if (!codec.isResultSpilled) return result.lift(space, [coreResult as Flat], 0);
    const pointer = (coreResult as number) >>> 0;
    space.check(pointer, result.size, result.align, 'the result');
    return result.load(space, pointer);
  }

  #export(index: number): BoundCodec {
    const codec = this.#compiled.exports[index];
    if (codec === undefined) throw new Error(`a plan without export ${index}`);
    return codec;
  }
}

function liftTuple(space: GuestSpace, { parameters }: BoundCodec, flat: readonly Flat[]): unknown[] {
  if (parameters.flat !== undefined) return parameters.lift(space, flat, 0) as unknown[];
  const pointer = (flat[0] as number) >>> 0;
  space.check(pointer, parameters.size, parameters.align, 'the parameters');
  return parameters.load(space, pointer) as unknown[];
}

const isThenable = (value: unknown): value is Promise<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
