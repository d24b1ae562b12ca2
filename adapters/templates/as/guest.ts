// AssemblyScript: `hotcell/kit` brings the arguments and the result across. Everything allocated during a call is gone after it.
import { badInput, notFound, ok, Reply } from 'hotcell/kit';

export function handle(operation: string, payload: Uint8Array): Reply {
  if (operation == 'slug') return slug(payload);
  return notFound('my-adapter has no operation ' + operation);
}

/** ASCII letters and digits stay, in lower case; a hyphen stands for each run of anything else. */
function slug(text: Uint8Array): Reply {
  let length = 0;
  let pending = false;
  for (let i = 0; i < text.length; i++) {
    let byte = text[i];
    if (byte >= 0x41 && byte <= 0x5a) byte += 0x20;
    const kept = (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39);
    if (!kept) {
      pending = length > 0;
      continue;
    }
    // The result is never longer than what has been read, so it may be written over it.
    if (pending) text[length++] = 0x2d;
    text[length++] = byte;
    pending = false;
  }
  // A failure is an answer: the caller reads this text. A trap would end the cell.
  if (length == 0) return badInput('the text has no letter or digit');
  return ok(text.subarray(0, length));
}
