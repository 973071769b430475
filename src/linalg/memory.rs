//! Large arrays on huge pages, where the system has them.
//!
//! A product reads its matrices along rows and down columns. Down a column of a large matrix each number lies on
//! a page of its own, and the processor knows the places of too few of them; of huge pages it knows enough.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};

/// A huge page, in bytes.
const PAGE: usize = 2 << 20;

/// The system's memory; what takes a huge page or more begins at one, and asks for them.
pub struct HugePages;

/// What is asked of the system for `layout`: whole huge pages, where it takes one or more.
fn whole_pages(layout: Layout) -> Option<Layout> {
    let size = layout.size().checked_next_multiple_of(PAGE)?;
    if layout.size() < PAGE { None } else { Layout::from_size_align(size, layout.align().max(PAGE)).ok() }
}

/// Asks for huge pages. Where there are none nothing is lost but speed.
#[cfg(target_os = "linux")]
fn advise(start: *mut u8, bytes: usize) {
    if !start.is_null() {
        // SAFETY: the range is one allocation, and the advice changes nothing that it holds.
        unsafe { libc::madvise(start.cast(), bytes, libc::MADV_HUGEPAGE) };
    }
}

#[cfg(not(target_os = "linux"))]
fn advise(_: *mut u8, _: usize) {}

// SAFETY: all memory is the system's. A layout is always turned into the same other one, at least as large and
// as aligned, so that memory goes back with the layout it was asked for with. Growing and shrinking are left to
// the trait, which allocates and copies.
unsafe impl GlobalAlloc for HugePages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match whole_pages(layout) {
            // SAFETY: the size is not zero, as the caller's is not.
            None => unsafe { System.alloc(layout) },
            Some(pages) => {
                // SAFETY: the size is at least a page.
                let start = unsafe { System.alloc(pages) };
                advise(start, pages.size());
                start
            }
        }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: `start` was allocated with this layout.
        unsafe { System.dealloc(start, whole_pages(layout).unwrap_or(layout)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_any_size_can_be_written_and_grown() {
        for size in [1, 4096, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE + 5] {
            let layout = Layout::from_size_align(size, 64).unwrap();
            // SAFETY: written within its size, and given back with its layout.
            unsafe {
                let start = HugePages.alloc(layout);
                assert!(!start.is_null() && start.addr().is_multiple_of(64));
                start.write_bytes(7, size);
                let grown = HugePages.realloc(start, layout, size + PAGE);
                assert!((0..size).all(|i| grown.add(i).read() == 7));
                HugePages.dealloc(grown, Layout::from_size_align(size + PAGE, 64).unwrap());
            }
        }
    }
}
