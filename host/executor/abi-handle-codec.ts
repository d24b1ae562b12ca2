/**
 * The codecs of handles: between the numbers a guest holds and what they stand for.
 *
 * The rules are those of `abi-handles.ts`; here only values are checked and wrapped.
 * Source: component model, Canonical ABI, "Loading" (lift_own, lift_borrow) and "Storing" (lower_own, lower_borrow).
 */

import { type Codec, type CoreType, HEAP_BYTES } from './abi-codec.ts';
import { misfit } from './abi-faults.ts';
import type { HandleTable } from './abi-handles.ts';

/** A guest's own resource in the hands of the host. */
interface GuestResource {
  readonly rep: number;
}

function checkGuestRep(value: unknown): number {
  const rep = (value as GuestResource | null | undefined)?.rep;
  if (typeof rep !== 'number' || rep >>> 0 !== rep) throw misfit('a resource of the guest', value);
  return rep;
}

function checkObject(value: unknown): unknown {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') {
    throw misfit('a resource', value);
  }
  return value;
}

const FLAT: readonly CoreType[] = ['i32'];

/** `isHosts`: the resource is of an imported interface, so that its representation is an object of the host. */
export function handleCodec(kind: 'own' | 'borrow', resource: number, isHosts: boolean): Codec {
  const isOwn = kind === 'own';
  const lift = (handles: HandleTable, index: number): unknown => {
    const rep = isOwn ? handles.takeOwn(index, resource) : handles.lend(index, resource);
    return isHosts ? rep : { rep };
  };
  const lower = (handles: HandleTable, value: unknown): number => {
    const rep = isHosts ? checkObject(value) : checkGuestRep(value);
    // A component that defines a resource sees borrows of it as they are: without a handle.
    if (!isHosts && !isOwn) return rep as number;
    return handles.add(resource, rep, isOwn);
  };
  return {
    primitive: undefined,
    size: 4,
    align: 4,
    flat: FLAT,
    liftedBytes: HEAP_BYTES.slot + HEAP_BYTES.object,
    load: ({ view, handles }, pointer) => lift(handles, view.getUint32(pointer, true)),
    store: ({ view, handles }, value, pointer) => view.setUint32(pointer, lower(handles, value), true),
    lift: ({ handles }, flat, at) => lift(handles, (flat[at] as number) >>> 0),
    lower({ handles }, value, out, at) {
      out[at] = lower(handles, value);
    },
  };
}
