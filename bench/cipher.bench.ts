/**
 * `npm run bench -- cipher`: what sealing costs in the WebAssembly kernels, on one thread, against node:crypto and
 * against the packages that run everywhere. One table a cipher and size; they live in bench/cipher/.
 */

import { sealTables } from './cipher/seal.ts';
import { xaesTables } from './cipher/xaes.ts';
import type { Bench } from './harness.ts';

export const bench: Bench = { title: 'Hotcell: the ciphers', tables: [...sealTables, ...xaesTables] };
