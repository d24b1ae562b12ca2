/**
 * Runs one script of the WebAssembly specification, with every module passed through a rewriter, and says of each command what
 * came of it. Two runs, one with the rewriter that does nothing, are then compared line by line.
 *
 * A command that cannot be run is noted with its reason; nothing is left out in silence.
 */

import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { Guest } from '../../../host/executor/guest.ts';
import {
  type Action,
  act,
  actionOf,
  compileVectorCalls,
  describe,
  needsVectors,
  Unsupported,
  vectorCalls,
} from './action.ts';
import { type Form, headOf, type Item, readScript } from './script.ts';

export type Rewriter = (module: Uint8Array) => Uint8Array;

export interface Line {
  /** Position of the command in the script, and what it is. */
  readonly at: string;
  /** What came of it. */
  readonly end: string;
  /** Why it was not run. */
  readonly skipped: string | undefined;
}

interface Prepared {
  readonly binary: Uint8Array | undefined;
  readonly reason: string;
}

/** Modules of a script as bytes, by where they stand: assembled once for both runs. */
export type Assembled = Map<number, Prepared>;

const FIELDS = /^(func|type|import|export|memory|table|global|data|elem|start|rec|tag)$/;

/** Makers whose arguments the host has no use for. */
const { Global, Table, Memory } = WebAssembly as unknown as Record<
  'Global' | 'Table' | 'Memory',
  new (
    type: object,
    value?: number | bigint,
  ) => WebAssembly.ImportValue
>;

/** What every script may import. Source: the test suite's own description of `spectest`. */
function spectest(): WebAssembly.Imports[string] {
  const quiet = (): void => {};
  return {
    ...Object.fromEntries(
      ['', '_i32', '_i64', '_f32', '_f64', '_i32_f32', '_f64_f64'].map((kind) => [`print${kind}`, quiet]),
    ),
    global_i32: new Global({ value: 'i32' }, 666),
    global_i64: new Global({ value: 'i64' }, 666n),
    global_f32: new Global({ value: 'f32' }, 666.6),
    global_f64: new Global({ value: 'f64' }, 666.6),
    table: new Table({ initial: 10, maximum: 20, element: 'anyfunc' }),
    table64: new Table({ initial: 10n, maximum: 20n, element: 'anyfunc', address: 'i64' }),
    memory: new Memory({ initial: 1, maximum: 2 }),
  } as WebAssembly.Imports[string];
}

/** Runs all commands of a script. `assembled` is filled by the first run. */
export async function runScript(
  source: string,
  rewrite: Rewriter,
  assembled: Assembled,
): Promise<readonly Line[]> {
  const forms = readScript(source);
  const isModule = FIELDS.test(headOf(forms[0]));
  const commands = isModule ? [whole(source)] : forms;
  const text = isModule ? `(module ${source}\n)` : source;
  const run = new Run(text, rewrite, assembled);
  for (const command of commands) await run.command(command);
  await run.flush();
  return run.lines;
}

const whole = (source: string): Form => ({
  kind: 'form',
  items: [{ kind: 'atom', text: 'module' }],
  start: 0,
  end: source.length + '(module \n)'.length,
});

class Run {
  readonly lines: Line[] = [];
  readonly #source: string;
  readonly #rewrite: Rewriter;
  readonly #assembled: Assembled;
  readonly #registered: WebAssembly.Imports = { spectest: spectest() };
  readonly #named = new Map<string, WebAssembly.Exports | undefined>();
  readonly #definitions = new Map<string, Form>();
  readonly #guest = new Guest();
  #last: WebAssembly.Exports | undefined;
  #waiting: { at: string; exports: WebAssembly.Exports; action: Action; results: readonly Item[] }[] = [];

  constructor(source: string, rewrite: Rewriter, assembled: Assembled) {
    this.#source = source;
    this.#rewrite = rewrite;
    this.#assembled = assembled;
    this.#guest.enter({ deadlineMs: Number.POSITIVE_INFINITY, fuelMax: Number.POSITIVE_INFINITY });
  }

  async command(form: Form): Promise<void> {
    const head = headOf(form);
    const at = `${form.start} ${head}`;
    try {
      const isCall = head === 'assert_return' || head === 'invoke' || head === 'get';
      const acted = head === 'invoke' || head === 'get' ? form : form.items[1];
      if (isCall && acted?.kind === 'form') {
        const action = actionOf(acted);
        const results = head === 'assert_return' ? form.items.slice(2) : [];
        if (needsVectors(action, results)) {
          this.#waiting.push({ at, exports: this.#exports(action.instance), action, results });
          return;
        }
      }
      await this.flush();
      this.#note(at, await this.#run(head, form));
    } catch (error) {
      if (error instanceof Unsupported) this.lines.push({ at, end: '', skipped: error.message });
      else this.#note(at, endOf(error));
    }
  }

  #note(at: string, end: string): void {
    this.lines.push({ at, end, skipped: undefined });
  }

  /** Makes the calls that wait for a module that can make them. */
  async flush(): Promise<void> {
    const waiting = this.#waiting.splice(0);
    const byInstance = Map.groupBy(waiting, ({ exports }) => exports);
    for (const [exports, calls] of byInstance) {
      const module = await compileVectorCalls(vectorCalls(this.#source, calls));
      const made = new WebAssembly.Instance(module, { m: exports }).exports;
      for (const [index, { at }] of calls.entries()) {
        try {
          this.#note(at, describe((made[`call${index}`] as () => unknown)()));
        } catch (error) {
          this.#note(at, endOf(error));
        }
      }
    }
  }

  async #run(head: string, form: Form): Promise<string> {
    const [, first, second] = form.items;
    switch (head) {
      case 'module':
        return await this.#module(form);
      case 'register': {
        const name = first?.kind === 'string' ? first.text : '';
        const exports = this.#exports(second?.kind === 'atom' ? second.text : undefined);
        // Other modules see what the module exports, not what was added to it: `imports.wast` counts on that.
        this.#registered[name] = exports;
        return 'registered';
      }
      case 'invoke':
      case 'get':
        return this.#act(form);
      case 'assert_return':
      case 'assert_exception':
      case 'assert_exhaustion':
        return this.#act(first);
      case 'assert_trap':
        if (headOf(first) !== 'module') return this.#act(first);
        return await this.#instantiate(first as Form);
      case 'assert_unlinkable':
        return await this.#instantiate(first as Form);
      case 'assert_invalid':
      case 'assert_malformed': {
        const { binary } = await this.#assemble(first as Form);
        // Without bytes it is the assembler that refused: nothing to rewrite.
        return binary === undefined ? 'refused as text' : `valid: ${this.#isValid(binary)}`;
      }
      default:
        throw new Unsupported(`the command "${head}"`);
    }
  }

  #act(item: Item | undefined): string {
    if (item?.kind !== 'form') throw new Unsupported('an assertion without an action');
    const action = actionOf(item);
    return act(this.#exports(action.instance), action);
  }

  #exports(name: string | undefined): WebAssembly.Exports {
    const exports = name === undefined ? this.#last : this.#named.get(name);
    if (exports === undefined) throw new Unsupported('a module that was not instantiated');
    return exports;
  }

  async #module(form: Form): Promise<string> {
    const names = form.items.slice(1, 4).map((item) => (item.kind === 'atom' ? item.text : ''));
    if (names[0] === 'definition') {
      this.#definitions.set(names[1] ?? '', form);
      return 'defined';
    }
    const isInstance = names[0] === 'instance';
    const name = isInstance ? names[1] : names[0];
    const definition = isInstance ? this.#definitions.get(names[2] ?? '') : form;
    if (definition === undefined) throw new Unsupported('an instance of an unknown definition');
    this.#last = undefined;
    if (name?.startsWith('$')) this.#named.set(name, undefined);
    const exports = await this.#instance(definition);
    this.#last = exports;
    if (name?.startsWith('$')) this.#named.set(name, exports);
    return 'instantiated';
  }

  async #instantiate(form: Form): Promise<string> {
    await this.#instance(form);
    return 'instantiated';
  }

  async #instance(form: Form): Promise<WebAssembly.Exports> {
    const { binary, reason } = await this.#assemble(form);
    if (binary === undefined) throw new Unsupported(`the assembler does not take it: ${reason}`);
    if (!WebAssembly.validate(binary as Uint8Array<ArrayBuffer>))
      throw new Unsupported('the engine does not take it');
    const module = new WebAssembly.Module(this.#rewrite(binary) as Uint8Array<ArrayBuffer>);
    const { exports } = new WebAssembly.Instance(module, this.#registered);
    this.#guest.add(exports);
    return exports;
  }

  #isValid(binary: Uint8Array): boolean {
    try {
      return WebAssembly.validate(this.#rewrite(binary) as Uint8Array<ArrayBuffer>);
    } catch {
      return false;
    }
  }

  async #assemble(form: Form): Promise<Prepared> {
    const known = this.#assembled.get(form.start);
    if (known !== undefined) return known;
    const made = await assemble(this.#source, form);
    this.#assembled.set(form.start, made);
    return made;
  }
}

/** Bytes of `(module …)`, `(module binary "…")` or `(module quote "…")`. */
async function assemble(source: string, form: Form): Promise<Prepared> {
  const kind = form.items.find(
    (item) => item.kind === 'atom' && (item.text === 'binary' || item.text === 'quote'),
  );
  const strings = form.items.filter((item) => item.kind === 'string');
  const bytes = Buffer.concat(strings.map((item) => item.bytes));
  if (kind?.kind === 'atom' && kind.text === 'binary') return { binary: Uint8Array.from(bytes), reason: '' };
  const quote = bytes.toString('utf8');
  const text =
    kind === undefined
      ? source.slice(form.start, form.end).replace(/^\(module\s+definition/, '(module')
      : FIELDS.test(/^\s*\((\w+)/.exec(quote)?.[1] ?? '')
        ? `(module ${quote})`
        : quote;
  try {
    return { binary: Uint8Array.from(await parse(text)), reason: '' };
  } catch (error) {
    // It prints a structure; what it says is in there.
    return {
      binary: undefined,
      reason: /Custom\("([^"]+)/.exec(String(error))?.[1] ?? String(error).slice(-60),
    };
  }
}

/** How a guest ended, in words; offsets in a module move by rewriting and are left out. */
function endOf(error: unknown): string {
  if (error instanceof WebAssembly.CompileError) return 'does not compile';
  if (
    error instanceof WebAssembly.RuntimeError ||
    error instanceof WebAssembly.LinkError ||
    error instanceof RangeError
  )
    return `${error.constructor.name}: ${error.message}`;
  if (error instanceof Error) return `${error.constructor.name}: ${error.message}`;
  return 'exception';
}
