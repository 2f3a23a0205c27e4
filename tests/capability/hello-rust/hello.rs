//! The package `hello` in Rust, with the standard library and no crate: what ABI version 1 asks of a guest, and no more.
//! Whatever is no message panics, and a panic traps.

use std::cell::RefCell;

const REQUEST: u32 = 1;
const ANSWER: u32 = 2;

thread_local! {
    static INBOX: RefCell<Vec<u8>> = RefCell::new(Vec::new());
    /// It keeps an answer until the next call.
    static OUTBOX: RefCell<Vec<u8>> = RefCell::new(Vec::new());
}

#[no_mangle]
pub extern "C" fn cap_abi_version() -> i32 {
    1
}

#[no_mangle]
pub extern "C" fn cap_alloc(size: usize) -> *mut u8 {
    INBOX.with(|inbox| {
        let mut bytes = inbox.borrow_mut();
        bytes.clear();
        if bytes.try_reserve(size).is_err() {
            return std::ptr::null_mut();
        }
        bytes.resize(size, 0);
        bytes.as_mut_ptr()
    })
}

#[no_mangle]
pub extern "C" fn cap_handle(at: *const u8, length: usize) -> u64 {
    INBOX.with(|inbox| {
        let bytes = inbox.borrow();
        assert!(at == bytes.as_ptr() && length <= bytes.len());
        let answer = answered(&bytes[..length]);
        OUTBOX.with(|outbox| {
            let place = (answer.as_ptr() as u64) << 32 | answer.len() as u64;
            *outbox.borrow_mut() = answer;
            place
        })
    })
}

fn answered(mut message: &[u8]) -> Vec<u8> {
    assert_eq!(word(&mut message), REQUEST);
    let mut name: &[u8] = b"world";
    for _ in 0..word(&mut message) {
        let key = span(&mut message);
        let value = span(&mut message);
        if key == b"name" && !value.is_empty() {
            name = value;
        }
    }
    let body = [b"Hello, ", name, b"!\n"].concat();
    let fields: [(&str, &[u8]); 3] = [
        (":status", b"200"),
        ("content-type", b"text/plain; charset=utf-8"),
        (":body", &body),
    ];
    let mut answer = [ANSWER, fields.len() as u32].map(u32::to_le_bytes).concat();
    for bytes in fields.iter().flat_map(|(name, value)| [name.as_bytes(), value]) {
        answer.extend((bytes.len() as u32).to_le_bytes());
        answer.extend(bytes);
    }
    answer
}

fn word(message: &mut &[u8]) -> u32 {
    u32::from_le_bytes(take(message, 4).try_into().unwrap())
}

fn span<'a>(message: &mut &'a [u8]) -> &'a [u8] {
    let length = word(message) as usize;
    take(message, length)
}

fn take<'a>(message: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = message.split_at(count);
    *message = rest;
    taken
}
