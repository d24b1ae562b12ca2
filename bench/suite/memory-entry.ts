/** The program of the memory table: `memory-entry.ts <round> <package folder> <cells>` runs the round and prints it as JSON. */

import { fillProcess, holdCells } from './memory-rounds.ts';

const rounds = { holdCells, fillProcess };

export type MemoryRound = keyof typeof rounds;

const [, , name, folder, cells] = process.argv;
console.log(JSON.stringify(await rounds[name as MemoryRound](folder ?? '', Number(cells))));
