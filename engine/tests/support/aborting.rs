//! A global allocator that ends the process when the audio path calls it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

struct Aborting;

#[global_allocator]
static ALLOCATOR: Aborting = Aborting;

/// Runs `work`; the process ends where it allocates, frees or grows memory.
pub fn guarded<R>(work: impl FnOnce() -> R) -> R {
    GUARDED.with(|guarded| guarded.set(true));
    let result = work();
    GUARDED.with(|guarded| guarded.set(false));
    result
}

fn look() {
    if GUARDED.with(Cell::get) {
        GUARDED.with(|guarded| guarded.set(false));
        let trace = std::backtrace::Backtrace::force_capture();
        eprintln!("the audio path called the allocator\n{trace}");
        std::process::abort();
    }
}

// SAFETY: every call goes to the system's allocator unchanged; looking touches only a thread-local cell without a
// destructor, which never allocates.
unsafe impl GlobalAlloc for Aborting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        look();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        look();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        look();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
