/**
 * The handles of a cell: what the numbers mean that a guest holds for resources, the host's and its own.
 *
 * Always: a handle is valid from the moment it is given out until it is dropped or passed on; 0 never is. A handle that
 * is lent to a call can be neither dropped nor passed on until the call ends. What a guest does against this is
 * `badResult`. Index into `LinkPlan.resources` is the identity of a resource type.
 * Source: component model, Canonical ABI, "Resource State", "canon resource.new", "resource.drop", "resource.rep".
 */

import { badResult } from './lift.ts';

/** Handles one cell may hold at a time. A guest that needs more leaks; an entry takes some 60 bytes of the host. */
export const HANDLES_MAX = 65_536;

export interface Handle {
  readonly resource: number;
  /** The host's object, or the number that stands for the guest's. */
  readonly rep: unknown;
  readonly isOwn: boolean;
  /** Calls that have it on loan. */
  lendCount: number;
}

const NONE: Handle[] = [];

export class HandleTable {
  /** By handle; place 0 stays empty. */
  readonly #handles: (Handle | undefined)[] = [undefined];
  readonly #free: number[] = [];
  #count = 0;
  #lent: Handle[] = NONE;
  /** What was added since `beginArguments`; undefined outside of it. */
  #added: number[] | undefined;
  /** Borrowed handles that the running export was given and has not dropped. */
  #borrowCount = 0;

  /** Handles that are valid now. */
  get size(): number {
    return this.#count;
  }

  add(resource: number, rep: unknown, isOwn: boolean): number {
    if (this.#count >= HANDLES_MAX) throw badResult(`the guest holds more than ${HANDLES_MAX} handles`);
    this.#count++;
    if (!isOwn) this.#borrowCount++;
    const index = this.#free.pop() ?? this.#handles.length;
    this.#handles[index] = { resource, rep, isOwn, lendCount: 0 };
    this.#added?.push(index);
    return index;
  }

  /** Begins to lower arguments, which may turn out not to fit. */
  beginArguments(): void {
    this.#added = [];
  }

  /** Ends it. Arguments that did not fit were never given: their handles go, without a drop. */
  endArguments(fit: boolean): void {
    const added = this.#added ?? [];
    this.#added = undefined;
    if (fit) return;
    for (const index of added) this.remove(index, (this.#handles[index] as Handle).resource);
  }

  get(index: number, resource: number): Handle {
    const handle = this.#handles[index];
    if (handle === undefined) throw badResult(`${index} is not a handle`);
    if (handle.resource !== resource) throw badResult(`handle ${index} is of another resource`);
    return handle;
  }

  /** Ends a handle. It must not be on loan. */
  remove(index: number, resource: number): Handle {
    const handle = this.get(index, resource);
    if (handle.lendCount > 0) throw badResult(`handle ${index} is on loan to a call`);
    this.#handles[index] = undefined;
    this.#free.push(index);
    this.#count--;
    if (!handle.isOwn) this.#borrowCount--;
    return handle;
  }

  /** Takes an own handle out: the guest passes the resource on. Gives what it stands for. */
  takeOwn(index: number, resource: number): unknown {
    const handle = this.get(index, resource);
    if (!handle.isOwn) throw badResult(`handle ${index} is borrowed and cannot be passed on`);
    return this.remove(index, resource).rep;
  }

  /** Lends a handle to the call that is being lifted. */
  lend(index: number, resource: number): unknown {
    const handle = this.get(index, resource);
    handle.lendCount++;
    if (this.#lent === NONE) this.#lent = [];
    this.#lent.push(handle);
    return handle.rep;
  }

  /** What was lent since the last time, for `giveBack` when the call ends. */
  takeLent(): readonly Handle[] {
    const lent = this.#lent;
    this.#lent = NONE;
    return lent;
  }

  giveBack(lent: readonly Handle[]): void {
    for (const handle of lent) handle.lendCount--;
  }

  /** Checks that an export that returns has dropped what it borrowed. */
  checkBorrows(): void {
    if (this.#borrowCount > 0) {
      throw badResult(`the guest returned and kept ${this.#borrowCount} borrowed handles`);
    }
  }
}
