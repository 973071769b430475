//! Large arrays on huge pages, where the system has them.
//!
//! A product reads its matrices along rows and down columns. Down a column of a large matrix each number lies on
//! a page of its own, and the processor knows the places of too few of them; of huge pages it knows enough.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;

/// A huge page, in bytes.
const PAGE: usize = 2 << 20;

/// The system's memory. What takes a huge page or more begins at one, asks for them, and goes back as soon as it
/// is free: an allocator that keeps it for later keeps one for every thread that ever asked.
pub struct HugePages;

/// The bytes of the huge pages that hold `layout`, where it takes one or more.
fn whole_pages(layout: Layout) -> Option<usize> {
    let large = cfg!(target_os = "linux") && layout.size() >= PAGE && layout.align() <= PAGE;
    layout.size().checked_next_multiple_of(PAGE).filter(|_| large)
}

/// So many bytes, a multiple of a page, from the system; all are zero, and the first begins a huge page. Null where
/// there are none. Where there are no huge pages nothing is lost but speed.
#[cfg(target_os = "linux")]
fn map(bytes: usize) -> *mut u8 {
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    let Some(span) = bytes.checked_add(PAGE) else { return ptr::null_mut() };
    // SAFETY: the system chooses a place where nothing is.
    let found = unsafe { libc::mmap(ptr::null_mut(), span, access, kind, -1, 0) };
    if found == libc::MAP_FAILED {
        return ptr::null_mut();
    }
    let found = found.cast::<u8>();
    let before = found.align_offset(PAGE);
    // SAFETY: the parts before and behind are of the range just found, and nobody knows of them; the advice changes
    // nothing that the range holds.
    unsafe {
        let start = found.add(before);
        unmap(found, before);
        unmap(start.add(bytes), PAGE - before);
        libc::madvise(start.cast(), bytes, libc::MADV_HUGEPAGE);
        start
    }
}

/// Gives bytes back to the system.
///
/// # Safety
/// They are a part of what [`map`] returned, and not used any more.
#[cfg(target_os = "linux")]
unsafe fn unmap(start: *mut u8, bytes: usize) {
    if bytes > 0 {
        // SAFETY: as the caller promises.
        unsafe { libc::munmap(start.cast(), bytes) };
    }
}

#[cfg(not(target_os = "linux"))]
fn map(_: usize) -> *mut u8 {
    unreachable!("nothing takes whole pages here")
}

#[cfg(not(target_os = "linux"))]
unsafe fn unmap(_: *mut u8, _: usize) {
    unreachable!("nothing takes whole pages here")
}

// SAFETY: what a layout says decides whether its memory is mapped or the allocator's, so that it goes back to
// where it came from. Growing and shrinking are left to the trait, which allocates and copies.
unsafe impl GlobalAlloc for HugePages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match whole_pages(layout) {
            // SAFETY: the size is not zero, as the caller promises.
            None => unsafe { System.alloc(layout) },
            Some(bytes) => map(bytes),
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        match whole_pages(layout) {
            // SAFETY: the size is not zero, as the caller promises.
            None => unsafe { System.alloc_zeroed(layout) },
            Some(bytes) => map(bytes),
        }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        match whole_pages(layout) {
            // SAFETY: `start` was allocated with this layout.
            None => unsafe { System.dealloc(start, layout) },
            // SAFETY: `start` was mapped with this layout, whole.
            Some(bytes) => unsafe { unmap(start, bytes) },
        }
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
                let zeros = HugePages.alloc_zeroed(layout);
                assert!((0..size).all(|i| zeros.add(i).read() == 0));
                HugePages.dealloc(zeros, layout);
                start.write_bytes(7, size);
                let grown = HugePages.realloc(start, layout, size + PAGE);
                assert!((0..size).all(|i| grown.add(i).read() == 7));
                assert!(!cfg!(target_os = "linux") || grown.addr().is_multiple_of(PAGE));
                HugePages.dealloc(grown, Layout::from_size_align(size + PAGE, 64).unwrap());
            }
        }
    }
}
