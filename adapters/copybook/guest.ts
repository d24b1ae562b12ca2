/** The copybook kernel in a cell. Payloads, answers and problems are described in `crypto-wasm/copybook/README.md`. */

import { badInput, notFound, okAt, Reply } from 'hotcell/kit';
import { answerAddress, answerBytes } from '../../crypto-wasm/copybook/kernel/answer';
import { handle as run } from '../../crypto-wasm/copybook/kernel/operations';
import { keepWith as keepLayoutsWith } from '../../crypto-wasm/copybook/kernel/layout-cache';
import { hasProblem, problemJson } from '../../crypto-wasm/copybook/kernel/problem';

/** A function of its own: whether a guest has one is not seen of what it only passes on. */
export function keepWith(keepAllocated: () => void, dropKept: () => void): void {
  keepLayoutsWith(keepAllocated, dropKept);
}

export function handle(operation: string, payload: Uint8Array): Reply {
  const at = payload.dataStart;
  if (!run(operation, at, at + payload.byteLength)) return notFound('copybook has no operation ' + operation);
  return hasProblem() ? badInput(problemJson()) : okAt(answerAddress, <i32>answerBytes);
}
