// C without a library. Each function of world.wit is exported in the Canonical ABI: a string arrives as address and length, and
// a result that is more than one number is returned as the address of where it stands.

typedef unsigned char byte;
typedef unsigned int u32;

#define EXPORT(name) __attribute__((export_name(name)))

/** The first free byte behind the module's own data; the linker defines it. */
extern byte __heap_base;
static byte *next = &__heap_base;

/** Where the host puts arguments. Everything allocated for a call is given back after it, in `release`. */
EXPORT("cabi_realloc")
void *cabi_realloc(void *old, u32 old_bytes, u32 align, u32 new_bytes) {
  u32 address = ((u32)next + align - 1) & ~(align - 1);
  u32 end = address + new_bytes;
  u32 limit = (u32)__builtin_wasm_memory_size(0) * 65536;
  if (end < address) __builtin_trap();
  if (end > limit && __builtin_wasm_memory_grow(0, (end - limit + 65535) / 65536) == (unsigned long)-1) {
    __builtin_trap();
  }
  byte *from = old, *to = (byte *)address;
  for (u32 i = 0; i < old_bytes && i < new_bytes; i++) to[i] = from[i];
  next = to + new_bytes;
  return to;
}

static void release(void) { next = &__heap_base; }

struct text {
  byte *at;
  u32 length;
};
static struct text result;

/** slug: func(text: string) -> string. The argument is ours: the result is written over it, and is never longer. */
EXPORT("slug")
struct text *slug(byte *text, u32 length) {
  u32 written = 0;
  int pending = 0;
  for (u32 i = 0; i < length; i++) {
    byte c = text[i];
    if (c >= 'A' && c <= 'Z') c += 'a' - 'A';
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) {
      pending = written > 0;
      continue;
    }
    if (pending) text[written++] = '-';
    text[written++] = c;
    pending = 0;
  }
  result = (struct text){text, written};
  return &result;
}

/** The host has read the result. */
EXPORT("cabi_post_slug")
void slug_done(struct text *unused) {
  (void)unused;
  release();
}

/** count: func(text: string, letter: char) -> u32. Texts are UTF-8, a char is its code point. */
EXPORT("count")
u32 count(const byte *text, u32 length, u32 letter) {
  u32 found = 0;
  for (u32 i = 0; i < length;) {
    byte c = text[i++];
    u32 more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    u32 point = more == 0 ? c : c & (0x3f >> more);
    for (; more > 0 && i < length; more--) point = point << 6 | (text[i++] & 0x3f);
    if (point == letter) found++;
  }
  return found;
}

EXPORT("cabi_post_count")
void count_done(u32 unused) {
  (void)unused;
  release();
}
