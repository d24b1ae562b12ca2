/** Archives that no writer of ours makes: every field of a header can be said. */

export interface RawEntry {
  readonly name: string;
  readonly bytes?: Uint8Array;
  /** Default `0`, a plain file. */
  readonly type?: string;
  readonly prefix?: string;
  readonly magic?: string;
  /** As it stands in the header; default what `bytes` has. */
  readonly size?: string;
  readonly checksum?: string;
}

export function rawTar(entries: readonly RawEntry[], end: Uint8Array = Buffer.alloc(1024)): Buffer {
  return Buffer.concat([...entries.flatMap(block), end]);
}

function block({ name, bytes = new Uint8Array(), type = '0', prefix, magic, size, checksum }: RawEntry) {
  const header = Buffer.alloc(512);
  header.write(name, 0, 'latin1');
  header.write('0000644\0', 100);
  header.write(size ?? `${bytes.byteLength.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.write(type, 156, 'latin1');
  header.write(magic ?? 'ustar\0', 257, 'latin1');
  header.write('00', 263);
  header.write(prefix ?? '', 345, 'latin1');
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return [header, bytes, Buffer.alloc((512 - (bytes.byteLength % 512)) % 512)];
}
