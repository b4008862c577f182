//! Matrix products on row-major slices: the only place that calls the foreign product.

use ndarray::{ArrayView2, ArrayViewMut2, linalg::general_mat_mul};

/// A slice read as rows × columns.
fn view(slice: &[f32], rows: usize, columns: usize) -> ArrayView2<'_, f32> {
    ArrayView2::from_shape((rows, columns), &slice[..rows * columns]).expect("the slice has this length")
}

/// `out[m × n] = a[m × k] b[k × n]`.
pub(super) fn multiply(a: &[f32], b: &[f32], out: &mut [f32], [m, k, n]: [usize; 3]) {
    let mut out = ArrayViewMut2::from_shape((m, n), &mut out[..m * n]).expect("the slice has this length");
    general_mat_mul(1.0, &view(a, m, k), &view(b, k, n), 0.0, &mut out);
}

/// `out[m × n] = a[k × m]ᵀ b[k × n]`.
pub(super) fn multiply_transposed(a: &[f32], b: &[f32], out: &mut [f32], [m, k, n]: [usize; 3]) {
    let mut out = ArrayViewMut2::from_shape((m, n), &mut out[..m * n]).expect("the slice has this length");
    general_mat_mul(1.0, &view(a, k, m).t(), &view(b, k, n), 0.0, &mut out);
}

/// `out[columns × rows] = a[rows × columns]ᵀ`.
pub(super) fn transpose(a: &[f32], out: &mut [f32], rows: usize, columns: usize) {
    for (r, row) in a.chunks_exact(columns).take(rows).enumerate() {
        for (c, value) in row.iter().enumerate() {
            out[c * rows + r] = *value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_the_definition() {
        let (m, k, n) = (5, 7, 3);
        let a: Vec<f32> = (0..m * k).map(|i| (i * 37 % 11) as f32 - 5.0).collect();
        let b: Vec<f32> = (0..k * n).map(|i| (i * 17 % 7) as f32 - 3.0).collect();
        let naive = |i: usize, j: usize| (0..k).map(|l| a[i * k + l] * b[l * n + j]).sum::<f32>();
        let (mut out, mut turned, mut again) = (vec![9.0; m * n], vec![0.0; k * m], vec![9.0; m * n]);
        multiply(&a, &b, &mut out, [m, k, n]);
        transpose(&a, &mut turned, m, k);
        multiply_transposed(&turned, &b, &mut again, [m, k, n]);
        for i in 0..m {
            for j in 0..n {
                assert!((out[i * n + j] - naive(i, j)).abs() < 1e-4);
                assert!((again[i * n + j] - naive(i, j)).abs() < 1e-4);
            }
        }
    }
}
