/**
 * Random modules that end: text of the WebAssembly format from a seed. Blocks, loops with counted turns, branches, tables of
 * branches, calls of all kinds, bounded recursion, memories and tables in bulk, vectors, exceptions, several results.
 *
 * Each loop's turn and each function's entry takes one from the global `budget` and traps when it is spent, so every run
 * ends. Floats never reach memory, because the bits of a NaN are the engine's choice.
 */

export interface Random {
  /** A whole number in [0, below). */
  below(below: number): number;
  pick<T>(items: readonly T[]): T;
  chance(ofHundred: number): boolean;
}

/** mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
  return {
    below,
    pick: (items) => items[below(items.length)] as (typeof items)[number],
    chance: (ofHundred) => below(100) < ofHundred,
  };
}

type Type = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';
const TYPES: readonly Type[] = ['i32', 'i32', 'i64', 'f32', 'f64', 'v128'];

/** Turns and calls of one run. */
export const BUDGET = 20_000;
const FUNCTION_COUNT = 6;
const TICK = '(call $tick)';
const INLINE_TICK = `(if (i32.eqz (global.get $budget)) (then (unreachable)))
      (global.set $budget (i32.sub (global.get $budget) (i32.const 1)))`;

const BINARY: Readonly<Record<Type, readonly string[]>> = {
  i32: ['add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'shr_u', 'rotl', 'div_s', 'rem_u', 'lt_s', 'eq'].map(
    (name) => `i32.${name}`,
  ),
  i64: ['add', 'sub', 'mul', 'and', 'xor', 'shr_s', 'rotr', 'div_u', 'rem_s'].map((name) => `i64.${name}`),
  f32: ['add', 'sub', 'mul', 'div', 'min', 'max', 'copysign'].map((name) => `f32.${name}`),
  f64: ['add', 'sub', 'mul', 'div', 'min', 'max', 'copysign'].map((name) => `f64.${name}`),
  v128: [
    'i32x4.add',
    'i8x16.sub',
    'i16x8.mul',
    'v128.and',
    'v128.xor',
    'i8x16.swizzle',
    'i64x2.eq',
    'i32x4.dot_i16x8_s',
  ],
};

const FROM_I32: Readonly<Record<Type, string>> = {
  i32: 'i32.popcnt',
  i64: 'i64.extend_i32_s',
  f32: 'f32.convert_i32_s',
  f64: 'f64.convert_i32_u',
  v128: 'i32x4.splat',
};
const TO_I32: Readonly<Record<Type, string>> = {
  i32: 'i32.clz',
  i64: 'i32.wrap_i64',
  f32: 'i32.trunc_sat_f32_s',
  f64: 'i32.trunc_sat_f64_u',
  v128: 'i32x4.extract_lane 2',
};

interface Signature {
  readonly parameters: readonly Type[];
  readonly results: readonly Type[];
}

const list = (what: string, types: readonly Type[]): string =>
  types.length ? `(${what} ${types.join(' ')})` : '';

/** Text of a module. It exports `run`, `memory`, `memory2`, `table` and the globals `budget`, `state` and `wide`. */
export function randomModule(random: Random): string {
  const signatures: Signature[] = Array.from({ length: FUNCTION_COUNT }, (_, index) => ({
    parameters: Array.from({ length: random.below(4) }, () => random.pick(TYPES)),
    // Two of a kind at least, for tail calls; `run` is the last and gives what JavaScript can hold.
    results: index % 2 === 0 ? ['i32'] : Array.from({ length: random.below(3) }, () => random.pick(TYPES)),
  }));
  const functions = signatures.map((signature, index) => new Body(random, signatures, index).text(signature));
  const main = new Body(random, signatures, FUNCTION_COUNT);
  return `(module
  (type $t (func (param i32) (result i32)))
  (tag $e (param i32))
  (memory $m (export "memory") 1 3)
  (memory $n (export "memory2") 1 2)
  (global $budget (export "budget") (mut i32) (i32.const ${BUDGET}))
  (global $depth (mut i32) (i32.const 0))
  (global $state (export "state") (mut i32) (i32.const 1))
  (global $wide (export "wide") (mut i64) (i64.const -1))
  (table $t (export "table") 8 20 funcref)
  (elem (i32.const 0) $small $turns $thrower)
  (elem $passive func $turns $small $small)
  (data (i32.const 16) "some bytes to begin with")
  (data $passive "and some that wait")
  (func $tick
    (if (i32.eqz (global.get $budget)) (then (unreachable)))
    (global.set $budget (i32.sub (global.get $budget) (i32.const 1))))
  (func $small (type $t) (i32.add (local.get 0) (i32.const ${random.below(100)})))
  (func $turns (type $t) (loop $l ${TICK} (br_if $l (i32.gt_s (local.tee 0 (i32.shr_u (local.get 0) (i32.const 3))) (i32.const 0)))) (global.get $state))
  (func $thrower (type $t) (if (i32.and (local.get 0) (i32.const 3)) (then (throw $e (local.get 0)))) (local.get 0))
  ${functions.join('\n  ')}
  ${main.text({ parameters: ['i32', 'i64'], results: ['i32', 'f64', 'i64'] }, 'run')})`;
}

/** Writes one function. What it says is balanced by construction; what it does is left to chance. */
class Body {
  readonly #random: Random;
  readonly #signatures: readonly Signature[];
  /** Functions before it may be called, itself only while the depth allows. */
  readonly #index: number;
  #locals: { name: string; type: Type }[] = [];
  #counters = 0;
  #labels: string[] = [];
  #results: readonly Type[] = [];
  /** Calls nothing and throws nothing: such a function keeps its counter in a local when it has loops. */
  readonly #isQuiet: boolean;

  constructor(random: Random, signatures: readonly Signature[], index: number) {
    this.#random = random;
    this.#signatures = signatures;
    this.#index = index;
    this.#isQuiet = index < FUNCTION_COUNT && random.chance(40);
  }

  text({ parameters, results }: Signature, name = `f${this.#index}`): string {
    const random = this.#random;
    this.#results = results;
    this.#locals = parameters.map((type, at) => ({ name: `$p${at}`, type }));
    for (let at = random.below(4); at >= 0; at--) {
      this.#locals.push({ name: `$l${at}`, type: random.pick(TYPES) });
    }
    this.#locals.push({ name: '$x', type: 'i32' });
    const statements = Array.from({ length: 1 + random.below(6) }, () => this.#statement(3)).join('\n    ');
    const ends = this.#tail() ?? results.map((type) => this.#value(type, 2)).join(' ');
    const declared = this.#locals
      .slice(parameters.length)
      .map(({ name: local, type }) => `(local ${local} ${type})`);
    const counters = Array.from({ length: this.#counters }, (_, at) => `(local $c${at} i32)`);
    const head = parameters.map((type, at) => `(param $p${at} ${type})`).join(' ');
    return `(func $${name} ${name === 'run' ? '(export "run")' : ''} ${head} ${list('result', results)}
    ${declared.join(' ')} ${counters.join(' ')}
    ${this.#isQuiet ? INLINE_TICK : TICK}
    ${statements}
    ${ends})`;
  }

  /** A tail call of an earlier function with the same results. */
  #tail(): string | undefined {
    if (this.#isQuiet) return undefined;
    const random = this.#random;
    const same = this.#signatures
      .slice(0, this.#index)
      .map((signature, at) => ({ ...signature, at }))
      .filter(({ results }) => results.join() === this.#results.join());
    if (this.#results.join() === 'i32' && random.chance(20))
      return `(return_call_indirect $t (type $t) ${this.#value('i32', 2)} ${this.#index32(4)})`;
    if (same.length === 0 || !random.chance(40)) return undefined;
    const { at, parameters } = random.pick(same);
    return `(return_call $f${at} ${parameters.map((type) => this.#value(type, 2)).join(' ')})`;
  }

  #local(type: Type): string | undefined {
    const fitting = this.#locals.filter((local) => local.type === type);
    return fitting.length === 0 ? undefined : this.#random.pick(fitting).name;
  }

  /** Mostly within what it indexes. */
  #index32(below: number): string {
    if (this.#random.chance(3)) return this.#value('i32', 1);
    return `(i32.and ${this.#value('i32', 1)} (i32.const ${below - 1}))`;
  }

  #address = (): string => this.#index32(4096);
  #memory = (): string => this.#random.pick(['$m', '$m', '$n']);

  #constant(type: Type): string {
    const random = this.#random;
    const near = random.below(64) - 8;
    if (type === 'v128') return `(v128.const i32x4 ${near} 1 -2 ${random.below(1e9)})`;
    if (type === 'f32' || type === 'f64')
      return `(${type}.const ${random.pick([near, '0x1p-3', 'inf', '-0', 'nan'])})`;
    return `(${type}.const ${random.chance(70) ? near : random.below(0x7fffffff)})`;
  }

  #value(type: Type, depth: number): string {
    const random = this.#random;
    const local = this.#local(type);
    if (depth <= 0 || random.chance(15))
      return local !== undefined && random.chance(60) ? `(local.get ${local})` : this.#constant(type);
    const value = (of: Type = type): string => this.#value(of, depth - 1);
    const choices: (() => string)[] = [
      () => `(${random.pick(BINARY[type])} ${value()} ${value()})`,
      () => `(${random.pick(BINARY[type])} ${value()} ${value()})`,
      () => `(${FROM_I32[type]} ${value('i32')})`,
      () => `(select (result ${type}) ${value()} ${value()} ${value('i32')})`,
      () => `(if (result ${type}) ${value('i32')} (then ${value()}) (else ${value()}))`,
      () =>
        this.#labelled(
          (label) =>
            `(block ${label} (result ${type}) (drop (br_if ${label} ${value()} ${value('i32')})) ${value()})`,
          false,
        ),
      () => {
        const fitting = this.#signatures
          .slice(0, this.#index)
          .map((signature, at) => ({ ...signature, at }))
          .filter(({ results }) => results.length === 1 && results[0] === type);
        if (fitting.length === 0 || this.#isQuiet) return this.#constant(type);
        const { at, parameters } = random.pick(fitting);
        return `(call $f${at} ${parameters.map((of) => value(of)).join(' ')})`;
      },
    ];
    if (local !== undefined) choices.push(() => `(local.tee ${local} ${value()})`);
    if (type === 'i32') {
      const from = random.pick(TYPES);
      choices.push(
        () => `(${TO_I32[from]} ${value(from)})`,
        () => `(i32.load8_u ${this.#memory()} ${this.#address()})`,
        () => `(i32.load ${this.#memory()} offset=${random.below(64)} ${this.#address()})`,
        () => '(global.get $state)',
        () => `(memory.size ${this.#memory()})`,
        () => (this.#isQuiet ? value() : `(call_indirect $t (type $t) ${value()} ${this.#index32(4)})`),
        () => (this.#isQuiet ? value() : this.#caught()),
      );
    }
    if (type === 'i64')
      choices.push(
        () => `(i64.load32_s ${this.#address()})`,
        () => '(global.get $wide)',
      );
    if (type === 'v128')
      choices.push(
        () => `(v128.load ${this.#address()})`,
        () => `(v128.load8_splat ${this.#address()})`,
      );
    return random.pick(choices)();
  }

  /** A call that may throw, caught one way or another. */
  #caught(): string {
    const call = `(call_indirect $t (type $t) ${this.#value('i32', 1)} (i32.const 2))`;
    if (this.#random.chance(50))
      return `(block $caught (result i32) (try_table (result i32) (catch $e $caught) ${call}))`;
    return `(block $out (result i32) (block $caught (br $out (try_table (result i32) (catch_all $caught) ${call}))) (i32.const 7))`;
  }

  /** With a label that statements inside may branch to. */
  #labelled(write: (label: string) => string, isTarget: boolean): string {
    const label = `$b${this.#random.below(1e9)}`;
    if (!isTarget) return write(label);
    this.#labels.push(label);
    const text = write(label);
    this.#labels.pop();
    return text;
  }

  #statements(depth: number): string {
    return Array.from({ length: this.#random.below(4) }, () => this.#statement(depth - 1)).join(' ');
  }

  #statement(depth: number): string {
    const random = this.#random;
    const value = (type: Type): string => this.#value(type, 3);
    const length = (): string => this.#index32(256);
    const { name, type } = random.pick(this.#locals);
    const simple: (() => string)[] = [
      () => `(local.set ${name} ${value(type)})`,
      () => `(i32.store8 ${this.#memory()} ${this.#address()} ${value('i32')})`,
      () => `(i64.store ${this.#address()} ${value('i64')})`,
      () => `(v128.store ${this.#address()} ${value('v128')})`,
      () => `(global.set $state ${value('i32')})`,
      () => `(global.set $wide ${value('i64')})`,
      () => `(memory.copy $m $n ${this.#address()} ${this.#address()} ${length()})`,
      () => `(memory.fill ${this.#memory()} ${this.#address()} ${value('i32')} ${length()})`,
      () => `(memory.init $passive ${this.#address()} ${this.#index32(8)} ${this.#index32(8)})`,
      () => `(table.copy ${this.#index32(4)} ${this.#index32(4)} ${this.#index32(4)})`,
      () => `(table.init $passive ${this.#index32(4)} (i32.const 0) ${this.#index32(4)})`,
      () => `(drop (table.grow (ref.null func) ${this.#index32(4)}))`,
      () => `(drop (memory.grow ${this.#memory()} ${this.#index32(2)}))`,
      () => (random.chance(4) && !this.#isQuiet ? `(throw $e ${value('i32')})` : '(nop)'),
      () => (this.#labels.length > 0 ? `(br_if ${random.pick(this.#labels)} ${value('i32')})` : '(nop)'),
      () => this.#recursion(),
    ];
    if (depth <= 0) return random.pick(simple)();
    const nested: (() => string)[] = [
      () => `(if ${value('i32')} (then ${this.#statements(depth)}) (else ${this.#statements(depth)}))`,
      () => this.#labelled((label) => `(block ${label} ${this.#statements(depth)})`, true),
      () => {
        const counter = `$c${this.#counters++}`;
        return this.#labelled(
          (label) => `(local.set ${counter} (i32.const ${1 + random.below(7)}))
      (block ${label} (loop ${label}l ${this.#isQuiet ? INLINE_TICK : TICK} ${this.#statements(depth)}
        (br_if ${label}l (local.tee ${counter} (i32.sub (local.get ${counter}) (i32.const 1))))))`,
          true,
        );
      },
      () =>
        this.#labelled(
          (label) => `(block ${label} (block ${label}a (block ${label}b
        (br_table ${label}a ${label}b ${label} ${this.#index32(4)})) ${this.#statements(depth)} ${random.pick([`(br ${label})`, '(nop)'])})
        ${this.#statements(depth)})`,
          true,
        ),
      () =>
        random.chance(30)
          ? `(if ${value('i32')} (then (return ${this.#results.map((type) => this.#value(type, 1)).join(' ')})))`
          : '(nop)',
    ];
    return random.pick(random.chance(60) ? nested : simple)();
  }

  /** Calls the function itself, at most a few deep. */
  #recursion(): string {
    const own = this.#signatures[this.#index];
    if (own === undefined || this.#isQuiet) return '(nop)';
    const args = own.parameters.map((type) => this.#value(type, 1)).join(' ');
    const drops = own.results.map(() => '(drop)').join(' ');
    return `(if (i32.lt_u (global.get $depth) (i32.const 5)) (then
      (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
      (call $f${this.#index} ${args}) ${drops}
      (global.set $depth (i32.sub (global.get $depth) (i32.const 1)))))`;
  }
}
