;; Each function of world.wit is exported in the Canonical ABI: a string arrives as address and length, and a result that is
;; more than one number is returned as the address of where it stands.
(module
  (memory (export "memory") 1)

  ;; 0…7 is where a result stands: address and length. Arguments are put behind 16.
  (global $next (mut i32) (i32.const 16))

  ;; Where the host puts arguments: memory is handed out upwards and given back after each call.
  (func (export "cabi_realloc") (param $old i32) (param $old_bytes i32) (param $align i32) (param $bytes i32) (result i32)
    (local $at i32)
    (local.set $at
      (i32.and
        (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
    (global.set $next (i32.add (local.get $at) (local.get $bytes)))
    ;; A trap ends the cell; so does an argument that would wrap around.
    (if (i32.lt_u (global.get $next) (local.get $at)) (then unreachable))
    (if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
      (then
        (if (i32.eq (i32.const -1)
              (memory.grow
                (i32.add (i32.const 1)
                  (i32.div_u
                    (i32.sub (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
                    (i32.const 65536)))))
          (then unreachable))))
    (memory.copy (local.get $at) (local.get $old) (local.get $old_bytes))
    (local.get $at))

  (func $release (global.set $next (i32.const 16)))

  ;; slug: func(text: string) -> string. The result is written over the argument, and is never longer.
  (func (export "slug") (param $text i32) (param $length i32) (result i32)
    (local $i i32) (local $written i32) (local $c i32) (local $pending i32)
    (block $done
      (loop $next_byte
        (br_if $done (i32.ge_u (local.get $i) (local.get $length)))
        (local.set $c (i32.load8_u (i32.add (local.get $text) (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        ;; A…Z become a…z.
        (if (i32.lt_u (i32.sub (local.get $c) (i32.const 65)) (i32.const 26))
          (then (local.set $c (i32.add (local.get $c) (i32.const 32)))))
        (if
          (i32.eqz
            (i32.or
              (i32.lt_u (i32.sub (local.get $c) (i32.const 97)) (i32.const 26))
              (i32.lt_u (i32.sub (local.get $c) (i32.const 48)) (i32.const 10))))
          (then
            (local.set $pending (i32.gt_u (local.get $written) (i32.const 0)))
            (br $next_byte)))
        (if (local.get $pending)
          (then
            (i32.store8 (i32.add (local.get $text) (local.get $written)) (i32.const 45))
            (local.set $written (i32.add (local.get $written) (i32.const 1)))
            (local.set $pending (i32.const 0))))
        (i32.store8 (i32.add (local.get $text) (local.get $written)) (local.get $c))
        (local.set $written (i32.add (local.get $written) (i32.const 1)))
        (br $next_byte)))
    (i32.store (i32.const 0) (local.get $text))
    (i32.store (i32.const 4) (local.get $written))
    (i32.const 0))

  ;; The host has read the result.
  (func (export "cabi_post_slug") (param i32) (call $release))

  ;; count: func(text: string, letter: char) -> u32. Texts are UTF-8, a char is its code point.
  (func (export "count") (param $text i32) (param $length i32) (param $letter i32) (result i32)
    (local $i i32) (local $c i32) (local $more i32) (local $point i32) (local $found i32)
    (block $done
      (loop $next_character
        (br_if $done (i32.ge_u (local.get $i) (local.get $length)))
        (local.set $c (i32.load8_u (i32.add (local.get $text) (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        ;; How many bytes follow the first of a character.
        (local.set $more
          (i32.add
            (i32.add (i32.ge_u (local.get $c) (i32.const 0xc0)) (i32.ge_u (local.get $c) (i32.const 0xe0)))
            (i32.ge_u (local.get $c) (i32.const 0xf0))))
        (local.set $point
          (select
            (i32.and (local.get $c) (i32.shr_u (i32.const 0x3f) (local.get $more)))
            (local.get $c)
            (local.get $more)))
        (loop $next_part
          (if (local.get $more)
            (then
              (local.set $point
                (i32.or
                  (i32.shl (local.get $point) (i32.const 6))
                  (i32.and (i32.load8_u (i32.add (local.get $text) (local.get $i))) (i32.const 0x3f))))
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (local.set $more (i32.sub (local.get $more) (i32.const 1)))
              (br $next_part))))
        (local.set $found (i32.add (local.get $found) (i32.eq (local.get $point) (local.get $letter))))
        (br $next_character)))
    (local.get $found))

  (func (export "cabi_post_count") (param i32) (call $release)))
