//! Each function of world.wit is exported in the Canonical ABI: a string arrives as address and length in memory that
//! `cabi_realloc` gave, and a result that is more than one number is returned as the address of where it stands.

use std::alloc::{alloc, realloc, Layout};

/// Where the host puts arguments.
#[export_name = "cabi_realloc"]
unsafe extern "C" fn cabi_realloc(old: *mut u8, old_bytes: usize, align: usize, new_bytes: usize) -> *mut u8 {
    if new_bytes == 0 {
        return align as *mut u8;
    }
    let address = if old_bytes == 0 {
        alloc(Layout::from_size_align_unchecked(new_bytes, align))
    } else {
        realloc(old, Layout::from_size_align_unchecked(old_bytes, align), new_bytes)
    };
    if address.is_null() {
        std::process::abort();
    }
    address
}

/// A string of the host, which belongs to us.
unsafe fn text(at: *mut u8, length: usize) -> String {
    if length == 0 {
        return String::new();
    }
    String::from_utf8_unchecked(Vec::from_raw_parts(at, length, length))
}

#[repr(C)]
struct Text {
    at: *mut u8,
    length: usize,
}

/// slug: func(text: string) -> string
#[export_name = "slug"]
unsafe extern "C" fn slug(at: *mut u8, length: usize) -> *mut Text {
    let text = text(at, length).to_ascii_lowercase();
    let words: Vec<&str> = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let result = words.join("-").into_bytes().into_boxed_slice();
    let length = result.len();
    let at = Box::into_raw(result) as *mut u8;
    Box::into_raw(Box::new(Text { at, length }))
}

/// The host has read the result.
#[export_name = "cabi_post_slug"]
unsafe extern "C" fn slug_done(result: *mut Text) {
    let Text { at, length } = *Box::from_raw(result);
    drop(Box::from_raw(std::ptr::slice_from_raw_parts_mut(at, length)));
}

/// count: func(text: string, letter: char) -> u32
#[export_name = "count"]
unsafe extern "C" fn count(at: *mut u8, length: usize, letter: u32) -> u32 {
    text(at, length).chars().filter(|&c| c as u32 == letter).count() as u32
}
