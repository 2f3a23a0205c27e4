//! A guest of the world of capabilities/wit in Rust, by hand: what a generator of bindings would write, without one. It uses what a
//! program's standard library does: chance behind a map, time, output in pieces, a file that is not there, a panic.

use std::alloc::{alloc, handle_alloc_error, realloc, Layout};
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

#[link(wasm_import_module = "daprlet:capability/host@1.0.0")]
extern "C" {
    fn clock() -> f64;
}

#[export_name = "cabi_realloc"]
unsafe extern "C" fn reallocated(old: *mut u8, old_size: usize, align: usize, size: usize) -> *mut u8 {
    let layout = Layout::from_size_align(if old_size == 0 { size } else { old_size }, align).unwrap();
    let place = match (old_size, size) {
        (_, 0) => return align as *mut u8,
        (0, _) => alloc(layout),
        _ => realloc(old, layout, size),
    };
    if place.is_null() {
        handle_alloc_error(layout);
    }
    place
}

/// A list in memory, as the canonical ABI has it.
#[repr(C)]
struct List<T> {
    at: *mut T,
    length: usize,
}

impl<T> List<T> {
    fn of(items: Vec<T>) -> Self {
        let items = items.into_boxed_slice();
        let length = items.len();
        List { at: Box::into_raw(items).cast(), length }
    }

    /// What it was lent for is over; an empty one has no place.
    fn taken(&self) -> Vec<T> {
        match self.length {
            0 => Vec::new(),
            length => unsafe { Vec::from_raw_parts(self.at, length, length) },
        }
    }
}

type Text = List<u8>;

#[repr(C)]
struct Pair {
    name: Text,
    value: Text,
}

#[repr(C)]
pub struct Request {
    offer: Text,
    operation: Text,
    method: Text,
    path: Text,
    query: Text,
    fields: List<Pair>,
    body: Text,
    config: List<Pair>,
    prepared: List<Pair>,
}

#[repr(C)]
struct Answer {
    status: u16,
    fields: List<Pair>,
    body: Text,
}

/// A step of the first case.
#[repr(C)]
pub struct Step {
    case: u8,
    answer: Answer,
}

fn told(text: &Text) -> String {
    String::from_utf8(text.taken()).unwrap()
}

fn map(pairs: &List<Pair>) -> HashMap<String, String> {
    pairs.taken().iter().map(|Pair { name, value }| (told(name), told(value))).collect()
}

thread_local! {
    static TIMES: RefCell<HashMap<String, u32>> = RefCell::new(HashMap::new());
}

#[export_name = "daprlet:capability/guest@1.0.0#handle"]
pub unsafe extern "C" fn handle(request: *mut Request) -> *mut Step {
    let Request { offer, operation, method, path, query, fields, body, config, prepared } = &*Box::from_raw(request);
    for unused in [offer, method, path, query, body] {
        unused.taken();
    }
    let (given, others) = (map(fields), [map(config), map(prepared)]);
    assert!(others.iter().all(HashMap::is_empty));
    let operation = told(operation);
    println!("asked for {operation}");
    let name = &given["name"];
    // On standard error nothing is kept back: each part of this is a write of its own.
    eprintln!("name: {name}, of {} bytes", name.len());
    if operation == "panic" {
        panic!("no such luck, {name}");
    }
    let times = TIMES.with(|times| {
        let mut times = times.borrow_mut();
        let count = times.entry(name.clone()).or_default();
        *count += 1;
        *count
    });
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let missing = std::fs::read("/etc/passwd").is_err();
    let text = format!("{name} {times} {} {missing} {}", now as f64 == clock(), std::env::args().count());
    let answer = Answer { status: 200, fields: List::of(Vec::new()), body: List::of(text.into_bytes()) };
    Box::into_raw(Box::new(Step { case: 0, answer }))
}

#[export_name = "cabi_post_daprlet:capability/guest@1.0.0#handle"]
pub unsafe extern "C" fn posted(step: *mut Step) {
    let Answer { fields, body, .. } = &Box::from_raw(step).answer;
    fields.taken();
    body.taken();
}

#[export_name = "daprlet:capability/guest@1.0.0#resume"]
pub extern "C" fn resume(_results: *mut u8, _count: usize) -> *mut Step {
    panic!("nothing was asked")
}
