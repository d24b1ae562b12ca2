/**
 * All subjects, ours first. A product has a file of its own below `subjects/`, with its modes in it.
 *
 * Rows carry versions, so the list is made anew after peers were installed. What a subject needs is loaded when it opens.
 */

import type { Subject } from './subject.ts';
import { extismSubjects } from './subjects/extism.ts';
import { fastifySubject } from './subjects/fastify.ts';
import { hotcellSubjects } from './subjects/hotcell.ts';
import { isolatedVmSubject } from './subjects/isolated-vm.ts';
import { jcoSubjects } from './subjects/jco.ts';
import { nativeSubjects } from './subjects/native.ts';
import { piscinaSubject } from './subjects/piscina.ts';
import { plainSubject } from './subjects/plain.ts';
import { workerdSubject } from './subjects/workerd.ts';

export function listSubjects(): Subject[] {
  return [
    ...hotcellSubjects(),
    plainSubject,
    ...extismSubjects(),
    ...jcoSubjects(),
    workerdSubject(),
    piscinaSubject(),
    isolatedVmSubject(),
    ...nativeSubjects(),
    fastifySubject,
  ];
}

/** Throws when there is none of this name. */
export function findSubject(name: string): Subject {
  const found = listSubjects().find((subject) => subject.name === name);
  if (found === undefined) throw new Error(`there is no subject '${name}'`);
  return found;
}
