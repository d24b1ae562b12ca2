/** Memory for plans: aligned to 16, all zeros, kept with the layout. */

export function zeroed(lengthBytes: i32): usize {
  const address = (heap.alloc(lengthBytes + 16) + 15) & ~15;
  memory.fill(address, 0, lengthBytes);
  return address;
}
