/**
 * Poly1305 over whole blocks of sixteen bytes, two at a time: h ← (h + m₁)·r² + m₂·r. Source: RFC 8439, section 2.5.
 *
 * Numbers are five limbs of 26 bits, multiplied with i64.mul; sums are carried once for two blocks. No branch and no
 * address depends on key or message. A part that is not whole is filled up with zeros by its caller, as the AEAD wants:
 * the plain authenticator with its odd last block is not here.
 */

const LIMB: u64 = 0x3ffffff;
/** 2¹²⁸, in the uppermost limb: the bit above each block. */
const ABOVE: u64 = 1 << 24;

const R: usize = 0;
const R_SQUARED: usize = 40;
const SUM: usize = 80;
/** The half of the key that is added at the end. */
const PAD: usize = 120;
/** Of a context, with what fills it up to a multiple of 16. Secret. */
export const POLY_BYTES: usize = 144;

/** Takes the one-time key, 32 bytes, and begins. */
export function takePolyKey(poly: usize, key: usize): void {
  // RFC 8439, section 2.5.1: r is clamped.
  const low = load<u64>(key) & 0x0ffffffc0fffffff;
  const high = load<u64>(key, 8) & 0x0ffffffc0ffffffc;
  const r0 = low & LIMB;
  const r1 = (low >> 26) & LIMB;
  const r2 = ((low >> 52) | (high << 12)) & LIMB;
  const r3 = (high >> 14) & LIMB;
  const r4 = high >> 40;
  store<u64>(poly, r0, R);
  store<u64>(poly, r1, R + 8);
  store<u64>(poly, r2, R + 16);
  store<u64>(poly, r3, R + 24);
  store<u64>(poly, r4, R + 32);
  store<u64>(poly, load<u64>(key, 16), PAD);
  store<u64>(poly, load<u64>(key, 24), PAD + 8);
  // 2¹³⁰ ≡ 5: what passes the uppermost limb comes back in the lowest, five times as large.
  const s1 = 5 * r1;
  const s2 = 5 * r2;
  const s3 = 5 * r3;
  const s4 = 5 * r4;
  storeCarried(
    poly + R_SQUARED,
    r0 * r0 + r1 * s4 + r2 * s3 + r3 * s2 + r4 * s1,
    r0 * r1 + r1 * r0 + r2 * s4 + r3 * s3 + r4 * s2,
    r0 * r2 + r1 * r1 + r2 * r0 + r3 * s4 + r4 * s3,
    r0 * r3 + r1 * r2 + r2 * r1 + r3 * r0 + r4 * s4,
    r0 * r4 + r1 * r3 + r2 * r2 + r3 * r1 + r4 * r0,
  );
  memory.fill(poly + SUM, 0, 40);
}

/** Carries five sums of products down to limbs (the second a little over) and stores them. */
// @ts-ignore: decorator
@inline
function storeCarried(to: usize, d0: u64, d1: u64, d2: u64, d3: u64, d4: u64): void {
  d1 += d0 >> 26;
  d2 += d1 >> 26;
  d3 += d2 >> 26;
  d4 += d3 >> 26;
  d0 = (d0 & LIMB) + 5 * (d4 >> 26);
  store<u64>(to, d0 & LIMB);
  store<u64>(to, (d1 & LIMB) + (d0 >> 26), 8);
  store<u64>(to, d2 & LIMB, 16);
  store<u64>(to, d3 & LIMB, 24);
  store<u64>(to, d4 & LIMB, 32);
}

/** Adds whole blocks. */
export function addBlocks(poly: usize, bytes: usize, blockCount: usize): void {
  const r0 = load<u64>(poly, R);
  const r1 = load<u64>(poly, R + 8);
  const r2 = load<u64>(poly, R + 16);
  const r3 = load<u64>(poly, R + 24);
  const r4 = load<u64>(poly, R + 32);
  const s1 = 5 * r1;
  const s2 = 5 * r2;
  const s3 = 5 * r3;
  const s4 = 5 * r4;
  let h0 = load<u64>(poly, SUM);
  let h1 = load<u64>(poly, SUM + 8);
  let h2 = load<u64>(poly, SUM + 16);
  let h3 = load<u64>(poly, SUM + 24);
  let h4 = load<u64>(poly, SUM + 32);
  let end = bytes + 16 * (blockCount & ~1);
  if (bytes < end) {
    const q0 = load<u64>(poly, R_SQUARED);
    const q1 = load<u64>(poly, R_SQUARED + 8);
    const q2 = load<u64>(poly, R_SQUARED + 16);
    const q3 = load<u64>(poly, R_SQUARED + 24);
    const q4 = load<u64>(poly, R_SQUARED + 32);
    const t1 = 5 * q1;
    const t2 = 5 * q2;
    const t3 = 5 * q3;
    const t4 = 5 * q4;
    for (; bytes < end; bytes += 32) {
      const low = load<u64>(bytes, 16);
      const high = load<u64>(bytes, 24);
      const m0 = low & LIMB;
      const m1 = (low >> 26) & LIMB;
      const m2 = ((low >> 52) | (high << 12)) & LIMB;
      const m3 = (high >> 14) & LIMB;
      const m4 = (high >> 40) | ABOVE;
      let d0 = m0 * r0 + m1 * s4 + m2 * s3 + m3 * s2 + m4 * s1;
      let d1 = m0 * r1 + m1 * r0 + m2 * s4 + m3 * s3 + m4 * s2;
      let d2 = m0 * r2 + m1 * r1 + m2 * r0 + m3 * s4 + m4 * s3;
      let d3 = m0 * r3 + m1 * r2 + m2 * r1 + m3 * r0 + m4 * s4;
      let d4 = m0 * r4 + m1 * r3 + m2 * r2 + m3 * r1 + m4 * r0;
      const firstLow = load<u64>(bytes);
      const firstHigh = load<u64>(bytes, 8);
      h0 += firstLow & LIMB;
      h1 += (firstLow >> 26) & LIMB;
      h2 += ((firstLow >> 52) | (firstHigh << 12)) & LIMB;
      h3 += (firstHigh >> 14) & LIMB;
      h4 += (firstHigh >> 40) | ABOVE;
      d0 += h0 * q0 + h1 * t4 + h2 * t3 + h3 * t2 + h4 * t1;
      d1 += h0 * q1 + h1 * q0 + h2 * t4 + h3 * t3 + h4 * t2;
      d2 += h0 * q2 + h1 * q1 + h2 * q0 + h3 * t4 + h4 * t3;
      d3 += h0 * q3 + h1 * q2 + h2 * q1 + h3 * q0 + h4 * t4;
      d4 += h0 * q4 + h1 * q3 + h2 * q2 + h3 * q1 + h4 * q0;
      d1 += d0 >> 26;
      d2 += d1 >> 26;
      d3 += d2 >> 26;
      d4 += d3 >> 26;
      h0 = (d0 & LIMB) + 5 * (d4 >> 26);
      h1 = (d1 & LIMB) + (h0 >> 26);
      h0 &= LIMB;
      h2 = d2 & LIMB;
      h3 = d3 & LIMB;
      h4 = d4 & LIMB;
    }
  }
  if (blockCount & 1) {
    const low = load<u64>(bytes);
    const high = load<u64>(bytes, 8);
    h0 += low & LIMB;
    h1 += (low >> 26) & LIMB;
    h2 += ((low >> 52) | (high << 12)) & LIMB;
    h3 += (high >> 14) & LIMB;
    h4 += (high >> 40) | ABOVE;
    storeCarried(
      poly + SUM,
      h0 * r0 + h1 * s4 + h2 * s3 + h3 * s2 + h4 * s1,
      h0 * r1 + h1 * r0 + h2 * s4 + h3 * s3 + h4 * s2,
      h0 * r2 + h1 * r1 + h2 * r0 + h3 * s4 + h4 * s3,
      h0 * r3 + h1 * r2 + h2 * r1 + h3 * r0 + h4 * s4,
      h0 * r4 + h1 * r3 + h2 * r2 + h3 * r1 + h4 * r0,
    );
    return;
  }
  store<u64>(poly, h0, SUM);
  store<u64>(poly, h1, SUM + 8);
  store<u64>(poly, h2, SUM + 16);
  store<u64>(poly, h3, SUM + 24);
  store<u64>(poly, h4, SUM + 32);
}

/** Writes the tag, sixteen bytes. The context is the caller's to wipe. */
export function endPoly(poly: usize, tag: usize): void {
  let h0 = load<u64>(poly, SUM);
  let h1 = load<u64>(poly, SUM + 8);
  let h2 = load<u64>(poly, SUM + 16);
  let h3 = load<u64>(poly, SUM + 24);
  let h4 = load<u64>(poly, SUM + 32);
  // Two rounds of carries leave limbs of exactly 26 bits.
  for (let round = 0; round < 2; round++) {
    h1 += h0 >> 26;
    h0 &= LIMB;
    h2 += h1 >> 26;
    h1 &= LIMB;
    h3 += h2 >> 26;
    h2 &= LIMB;
    h4 += h3 >> 26;
    h3 &= LIMB;
    h0 += 5 * (h4 >> 26);
    h4 &= LIMB;
  }
  h1 += h0 >> 26;
  h0 &= LIMB;
  // h ≥ 2¹³⁰ − 5 exactly when h + 5 reaches 2¹³⁰; then h + 5 − 2¹³⁰ is the remainder. Both are computed, one is kept.
  let g0 = h0 + 5;
  let g1 = h1 + (g0 >> 26);
  let g2 = h2 + (g1 >> 26);
  let g3 = h3 + (g2 >> 26);
  const g4 = h4 + (g3 >> 26);
  const over = <u64>0 - (g4 >> 26);
  h0 ^= (h0 ^ (g0 & LIMB)) & over;
  h1 ^= (h1 ^ (g1 & LIMB)) & over;
  h2 ^= (h2 ^ (g2 & LIMB)) & over;
  h3 ^= (h3 ^ (g3 & LIMB)) & over;
  h4 ^= (h4 ^ (g4 & LIMB)) & over;
  const low = h0 | (h1 << 26) | (h2 << 52);
  const high = (h2 >> 12) | (h3 << 14) | (h4 << 40);
  const padLow = load<u64>(poly, PAD);
  const sum = low + padLow;
  // The carry of the addition, without a comparison that might become a branch.
  const carry = ((low & padLow) | ((low | padLow) & ~sum)) >> 63;
  store<u64>(tag, sum);
  store<u64>(tag, high + load<u64>(poly, PAD + 8) + carry, 8);
}
