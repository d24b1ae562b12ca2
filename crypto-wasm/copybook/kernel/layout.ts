/** A specification, compiled: what the layout cache holds, and what every operation works from. */

import { beginCompiling, hasRoom } from './compile-room';
import { Copybook } from './item';
import { Options } from './options';
import { hasProblem } from './problem';
import { parseCopybook } from './parse';
import { layOut } from './lay-out';
import { readSpecification, Specification } from './read-specification';
import { compileDecodePlan, DecodePlan } from './decode-plan';
import { compileEncodePlan, EncodePlan } from './encode-plan';
import { compileFlatPlan, FlatPlan } from './flat-plan';
import { compileFraming, Framing } from './framing';

export class Layout {
  constructor(
    readonly copybook: Copybook,
    readonly options: Options,
    readonly framing: Framing,
    readonly decodePlan: DecodePlan,
    readonly encodePlan: EncodePlan,
    /** Empty unless the output is flat. */
    readonly flatPlan: FlatPlan,
  ) {}
}

/** Null with a problem set. */
export function compileLayout(at: usize, lengthBytes: i32): Layout | null {
  beginCompiling();
  const specification: Specification | null = readSpecification(at, lengthBytes);
  if (specification === null || hasProblem() || !hasRoom()) return null;
  const options: Options = specification.options;
  const copybook = parseCopybook(specification);
  if (hasProblem() || !hasRoom()) return null;
  layOut(copybook, options);
  if (hasProblem() || !hasRoom()) return null;
  const framing = compileFraming(copybook, options);
  if (hasProblem() || !hasRoom()) return null;
  const decodePlan = compileDecodePlan(copybook, options);
  if (hasProblem() || !hasRoom()) return null;
  const encodePlan = compileEncodePlan(copybook, options);
  if (hasProblem() || !hasRoom()) return null;
  const flatPlan = compileFlatPlan(copybook, options);
  if (hasProblem() || !hasRoom()) return null;
  return new Layout(copybook, options, framing, decodePlan, encodePlan, flatPlan);
}
