/** The program behind `runInChild`: `child-entry.ts <round> <count>` runs the round and prints it as JSON. */

import { reloadWithPoolsOff, reloadWithPoolsOn } from './reload-rounds.ts';
import { callAndDrop, holdGlue, holdThroughHost, holdUsed, holdVirgins } from './resident-memory.ts';

const rounds = {
  holdGlue,
  callAndDrop,
  holdVirgins,
  holdUsed,
  holdThroughHost,
  reloadWithPoolsOff,
  reloadWithPoolsOn,
};

export type ChildRound = keyof typeof rounds;

const [, , name, count] = process.argv;
console.log(JSON.stringify(await rounds[name as ChildRound](Number(count))));
