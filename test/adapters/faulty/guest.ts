/**
 * A guest that breaks in every way a guest can, on request, so that tests can show that the host survives it.
 *
 * What must outlast a call lies in one object made while the module starts, below the arena's mark, and in static
 * memory. Numbers in payloads are decimal.
 */

import { badInput, internal, notFound, ok, okAt, okText, Reply, textOf } from 'hotcell/kit';

class State {
  countCalls: u32 = 0;
  isPoisoned: bool = false;
  /** Mixed from every seed that `crash-rate` was given in this cell, in order. */
  crashHistory: u64 = 0;
  crashCalls: u32 = 0;
  rememberedBytes: i32 = 0;
  turns: u64 = 0;
}

const REMEMBERED_MAX_BYTES: i32 = 65536;
/** 8 bytes that `recall` fills from the global, then the remembered bytes. */
const REMEMBERED: usize = memory.data(8 + 65536, 8);

const state = new State();
let canary: u64 = 0;

export function handle(operation: string, payload: Uint8Array): Reply {
  if (operation == 'trap') unreachable();
  if (operation == 'recurse') return okText(recurse(payload.byteLength).toString());
  if (operation == 'loop') return loop();
  if (operation == 'grow') return grow();
  if (operation == 'spin') return spin(textOf(payload));
  if (operation == 'count') return okText((++state.countCalls).toString());
  if (operation == 'poison-health') return poisonHealth();
  if (operation == 'crash-rate') return crashRate(payload);
  if (operation == 'remember') return remember(payload);
  if (operation == 'recall') return recall();
  if (operation == 'big-result') return bigResult(textOf(payload));
  if (operation == 'wild-result') return okAt(0xffffff00, 1024);
  if (operation == 'fail') return fail(textOf(payload));
  return notFound('faulty has no operation ' + operation);
}

export function health(): string {
  return state.isPoisoned ? 'poisoned on request' : '';
}

/** The addition after the call keeps it from being turned into a loop. */
function recurse(depth: i32): i32 {
  return recurse(depth + 1) + depth;
}

function loop(): Reply {
  while (true) state.turns++;
}

/** The allocation that no longer fits traps inside the kit, like that of any guest that runs out of memory. */
function grow(): Reply {
  while (true) memory.fill(heap.alloc(65536), 1, 65536);
}

function spin(text: string): Reply {
  const millions = decimal(text);
  if (millions < 0) return badInput('spin takes a number of million turns');
  let x: u32 = 1;
  for (let turn: i64 = 0; turn < millions * 1_000_000; turn++) {
    // xorshift32: each turn needs the one before, so that no compiler can shorten the loop.
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
  }
  return okText(x.toString());
}

function poisonHealth(): Reply {
  state.isPoisoned = true;
  return okText('');
}

/**
 * A guest has no source of randomness, and two new cells given the same payload do the same. So the draw depends on
 * the seed of this call and on all seeds this cell was given before: attempts are independent of each other in cells
 * with a past, but repeated attempts of one call in *new* cells all end alike. With `:used` a cell's first call never
 * crashes, so that a replay in a new cell always succeeds.
 */
function crashRate(payload: Uint8Array): Reply {
  const parts = textOf(payload).split(':');
  const rate = parts.length >= 2 ? parseFloat(parts[0]) : NaN;
  const seed = parts.length >= 2 ? decimal(parts[1]) : -1;
  const onlyUsed = parts.length == 3 && parts[2] == 'used';
  if (!(rate >= 0 && rate <= 1) || seed < 0 || parts.length > 3 || (parts.length == 3 && !onlyUsed)) {
    return badInput('crash-rate takes rate:seed or rate:seed:used, with a rate from 0 to 1');
  }
  state.crashCalls++;
  state.crashHistory = splitMix64(state.crashHistory ^ <u64>seed);
  // The upper 53 bits as a fraction of 2^53.
  const draw = <f64>(state.crashHistory >> 11) / 9007199254740992.0;
  if (draw < rate && !(onlyUsed && state.crashCalls == 1)) unreachable();
  return ok(payload);
}

/** Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
function splitMix64(x: u64): u64 {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

function remember(payload: Uint8Array): Reply {
  if (payload.byteLength > REMEMBERED_MAX_BYTES) return badInput('remember takes at most 65536 bytes');
  memory.copy(REMEMBERED + 8, payload.dataStart, payload.byteLength);
  state.rememberedBytes = payload.byteLength;
  canary = 0;
  for (let i = 0; i < min(8, payload.byteLength); i++) canary |= (<u64>payload[i]) << (<u64>i * 8);
  return okText('');
}

function recall(): Reply {
  store<u64>(REMEMBERED, canary);
  return okAt(REMEMBERED, 8 + state.rememberedBytes);
}

function bigResult(text: string): Reply {
  const lengthBytes = decimal(text);
  if (lengthBytes < 0) return badInput('big-result takes a number of bytes');
  const bytes = new Uint8Array(<i32>lengthBytes);
  for (let i = 0; i < bytes.length; i++) unchecked((bytes[i] = <u8>(i % 251)));
  return ok(bytes);
}

function fail(kind: string): Reply {
  if (kind == 'bad-input') return badInput('failed with bad-input on request');
  if (kind == 'not-found') return notFound('failed with not-found on request');
  if (kind == 'internal') return internal('failed with internal on request');
  return badInput('fail takes bad-input, not-found or internal');
}

/** A decimal number of at most 9 digits, or -1 when the text is not one. */
function decimal(text: string): i64 {
  if (text.length == 0 || text.length > 9) return -1;
  let value: i64 = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
