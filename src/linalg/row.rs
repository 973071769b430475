//! Rows of arrays in standard order.

use ndarray::{ArrayView1, ArrayViewMut1};

/// The numbers of a row of an array in standard order.
///
/// # Panics
/// Where they are not next to one another.
pub fn row<'a, T>(row: &'a ArrayView1<'_, T>) -> &'a [T] {
    row.as_slice().unwrap_or_else(|| unreachable!("rows in standard order are contiguous"))
}

/// [`row`], to be written.
///
/// # Panics
/// Where they are not next to one another.
pub fn row_mut<'a, T>(row: &'a mut ArrayViewMut1<'_, T>) -> &'a mut [T] {
    row.as_slice_mut().unwrap_or_else(|| unreachable!("rows in standard order are contiguous"))
}
