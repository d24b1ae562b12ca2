/** Where the result of an operation lies. Set by the operation that succeeded; a problem wins over it. */

export let answerAddress: usize = 0;
export let answerBytes: usize = 0;

export function answer(address: usize, lengthBytes: usize): void {
  answerAddress = address;
  answerBytes = lengthBytes;
}
