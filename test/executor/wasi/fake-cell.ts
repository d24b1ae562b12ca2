/** A cell without a guest: its imports are called with lifted values, its clock stands still, its services are scripted. */

import type { Grants } from '../../../host/capability-types.ts';
import { createFakeClock, type FakeClock } from '../../../host/clock.ts';
import { type CellContext, IMPLEMENTATIONS } from '../../../host/executor/imports.ts';
import { heldBytes } from '../../../host/executor/wasi/held.ts';

export interface FakeCell {
  readonly context: CellContext;
  readonly clock: FakeClock;
  /** `level: message`, in order. */
  readonly logged: string[];
  /** `method argument`, in order. */
  readonly asked: { readonly method: string; readonly argument: unknown }[];
  /** Of the resources that are not dropped. */
  heldBytes(): number;
  /** Calls an imported function, like `wasi:io/poll#poll`. */
  // biome-ignore lint/suspicious/noExplicitAny: values of any WIT type, as a guest has them
  call(name: string, ...values: unknown[]): any;
  /** Drops an own handle, like `wasi:io/poll#pollable`. */
  drop(name: string, object: unknown): void;
}

export interface FakeCellOptions {
  readonly grants?: Grants;
  readonly deadlineMs?: number;
  service?(method: string, argument: unknown): Promise<unknown>;
}

const split = (name: string): [string, string] => name.split('#') as [string, string];

export function createFakeCell(options: FakeCellOptions = {}): FakeCell {
  const clock = createFakeClock();
  const states = new Map<symbol, unknown>();
  const logged: string[] = [];
  const asked: { method: string; argument: unknown }[] = [];
  const context: CellContext = {
    grants: options.grants ?? {},
    deadlineMs: options.deadlineMs ?? Number.POSITIVE_INFINITY,
    clock,
    log: (level, message) => void logged.push(`${level}: ${message}`),
    service(method, argument) {
      asked.push({ method, argument });
      return options.service?.(method, argument) ?? Promise.reject(new Error(`nobody answers ${method}`));
    },
    state<T>(key: symbol, make: () => T): T {
      if (!states.has(key)) states.set(key, make());
      return states.get(key) as T;
    },
  };
  return {
    context,
    clock,
    logged,
    asked,
    heldBytes: () => heldBytes(context),
    call(name, ...values) {
      const [face, item] = split(name);
      const implementation = IMPLEMENTATIONS[face]?.functions[item];
      if (!implementation) throw new Error(`no function ${name}`);
      return implementation(context, ...(values as never[]));
    },
    drop(name, object) {
      const [face, item] = split(name);
      const drop = IMPLEMENTATIONS[face]?.drops?.[item];
      if (!drop) throw new Error(`nothing is done when ${name} is dropped`);
      drop(context, object as never);
    },
  };
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);
export const toText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
