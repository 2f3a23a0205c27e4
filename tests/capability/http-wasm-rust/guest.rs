//! A guest of http-wasm in Rust, with the standard library and no crate: it lets in who has the token of its configuration,
//! and turns what they send and get into capitals.

mod handler {
    #[link(wasm_import_module = "http_handler")]
    extern "C" {
        pub fn enable_features(features: u32) -> u32;
        pub fn get_config(at: *mut u8, limit: usize) -> usize;
        pub fn get_method(at: *mut u8, limit: usize) -> usize;
        pub fn get_uri(at: *mut u8, limit: usize) -> usize;
        pub fn get_header_values(kind: u32, name: *const u8, length: usize, at: *mut u8, limit: usize) -> u64;
        pub fn set_header_value(kind: u32, name: *const u8, length: usize, value: *const u8, size: usize);
        pub fn remove_header(kind: u32, name: *const u8, length: usize);
        pub fn read_body(kind: u32, at: *mut u8, limit: usize) -> u64;
        pub fn write_body(kind: u32, at: *const u8, length: usize);
        pub fn get_status_code() -> u32;
        pub fn set_status_code(status: u32);
    }
}

use handler::*;

const REQUEST: u32 = 0;
const RESPONSE: u32 = 1;
const BUFFER_BOTH: u32 = 3;
const NEXT: u64 = 1;

/// What such a function tells, in a buffer that is made larger once it has said what it needs.
fn text(read: unsafe extern "C" fn(*mut u8, usize) -> usize) -> String {
    let mut bytes = vec![0; 16];
    loop {
        let length = unsafe { read(bytes.as_mut_ptr(), bytes.len()) };
        let fits = length <= bytes.len();
        bytes.resize(length, 0);
        if fits {
            return String::from_utf8(bytes).unwrap();
        }
    }
}

/// How many values a header has, and all of them, each with a zero behind it.
fn header(name: &str) -> (u64, String) {
    let mut bytes = vec![0; 1024];
    let told = unsafe {
        get_header_values(REQUEST, name.as_ptr(), name.len(), bytes.as_mut_ptr(), bytes.len())
    };
    bytes.truncate(told as u32 as usize);
    (told >> 32, String::from_utf8(bytes).unwrap())
}

fn set_header(kind: u32, name: &str, value: &str) {
    unsafe { set_header_value(kind, name.as_ptr(), name.len(), value.as_ptr(), value.len()) }
}

fn body(kind: u32) -> Vec<u8> {
    let mut whole = Vec::new();
    let mut part = [0; 256];
    loop {
        let told = unsafe { read_body(kind, part.as_mut_ptr(), part.len()) };
        whole.extend(&part[..told as u32 as usize]);
        if told >> 32 != 0 {
            return whole;
        }
    }
}

fn write(kind: u32, bytes: &[u8]) {
    unsafe { write_body(kind, bytes.as_ptr(), bytes.len()) }
}

#[no_mangle]
pub extern "C" fn handle_request() -> u64 {
    let missing = BUFFER_BOTH & !unsafe { enable_features(BUFFER_BOTH) };
    assert_eq!(missing, 0);
    println!("{} {}", text(get_method), text(get_uri));
    let token = format!("Bearer {}\0", text(get_config));
    if header("authorization") != (1, token) {
        unsafe { set_status_code(401) };
        set_header(RESPONSE, "www-authenticate", "Bearer");
        write(RESPONSE, b"who are you?");
        return 0;
    }
    let name = "authorization";
    unsafe { remove_header(REQUEST, name.as_ptr(), name.len()) };
    set_header(REQUEST, "x-guest", "rust");
    write(REQUEST, &body(REQUEST).to_ascii_uppercase());
    // The upper half is the guest's own, and comes back with the response.
    7 << 32 | NEXT
}

#[no_mangle]
pub extern "C" fn handle_response(context: u32, failed: u32) {
    let status = unsafe { get_status_code() };
    set_header(RESPONSE, "x-seen", &format!("{context} {failed} {status}"));
    write(RESPONSE, &body(RESPONSE).to_ascii_uppercase());
}
