//! The inner loops of an encoder on the CPU, over plain slices: written so that the compiler vectorizes them.

use gemm::Parallelism;

/// Eight floats are one AVX2 register; sums keep eight partial ones.
const LANES: usize = 8;

/// A matrix inside a slice: row `r`, column `c` is at `offset + r * rows_apart + c * columns_apart`.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub values: &'a [f32],
    pub rows: usize,
    pub columns: usize,
    pub rows_apart: usize,
    pub columns_apart: usize,
}

impl<'a> View<'a> {
    /// Rows one after the other.
    pub fn rows(values: &'a [f32], columns: usize) -> Self {
        Self { values, rows: values.len() / columns, columns, rows_apart: columns, columns_apart: 1 }
    }

    /// `rows` rows of `columns` values that lie in rows `apart` long; `values` begins at the first value.
    pub fn strided(values: &'a [f32], rows: usize, columns: usize, apart: usize) -> Self {
        Self { values, rows, columns, rows_apart: apart, columns_apart: 1 }
    }

    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            rows_apart: self.columns_apart,
            columns_apart: self.rows_apart,
            ..self
        }
    }

    fn end(&self) -> usize {
        (self.rows - 1) * self.rows_apart + (self.columns - 1) * self.columns_apart + 1
    }
}

/// What stands in the output before a product.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Start {
    Overwrite,
    Add,
}

/// `out = a · b` or `out += a · b`; the rows of `out` are `apart` long.
pub fn product(out: &mut [f32], apart: usize, a: View<'_>, b: View<'_>, start: Start, threads: usize) {
    let (m, n, k) = (a.rows, b.columns, a.columns);
    if m == 0 || n == 0 || k == 0 {
        return;
    }
    assert_eq!(k, b.rows, "the inner sizes of a product differ");
    assert!(out.len() > (m - 1) * apart + n - 1 && a.values.len() >= a.end() && b.values.len() >= b.end());
    let parallelism = if threads > 1 { Parallelism::Rayon(threads) } else { Parallelism::None };
    let (alpha, read) = match start {
        Start::Overwrite => (0.0, false),
        Start::Add => (1.0, true),
    };
    // SAFETY: the three ranges lie inside their slices (asserted above), and `out` is borrowed alone.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            apart as isize,
            read,
            a.values.as_ptr(),
            a.columns_apart as isize,
            a.rows_apart as isize,
            b.values.as_ptr(),
            b.columns_apart as isize,
            b.rows_apart as isize,
            alpha,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// Layer normalization of each row, in place.
pub fn layer_norm(rows: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    let width = weight.len();
    for row in rows.chunks_exact_mut(width) {
        let mean = sum(row) / width as f32;
        row.iter_mut().for_each(|x| *x -= mean);
        let scale = 1.0 / (dot(row, row) / width as f32 + eps).sqrt();
        for ((x, w), b) in row.iter_mut().zip(weight).zip(bias) {
            *x = (*x * scale).mul_add(*w, *b);
        }
    }
}

/// Softmax of each row, in place.
pub fn softmax(rows: &mut [f32], width: usize) {
    for row in rows.chunks_exact_mut(width) {
        let max = max(row);
        row.iter_mut().for_each(|x| *x = exp(*x - max));
        let scale = 1.0 / sum(row);
        row.iter_mut().for_each(|x| *x *= scale);
    }
}

/// The exact GELU, with the error function.
pub fn gelu(values: &mut [f32]) {
    values.iter_mut().for_each(|x| *x = 0.5 * *x * (1.0 + erf(*x * std::f32::consts::FRAC_1_SQRT_2)));
}

/// Scales to length 1; a vector of zeros stays.
pub fn normalize(vector: &mut [f32]) {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
}

pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a.zip(b) {
        for lane in 0..LANES {
            lanes[lane] = x[lane].mul_add(y[lane], lanes[lane]);
        }
    }
    lanes.iter().sum::<f32>() + rest
}

fn sum(values: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest: f32 = chunks.remainder().iter().sum();
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] += chunk[lane];
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// The largest value; minus infinity of none.
pub fn max(values: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder().iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] = if chunk[lane] > lanes[lane] { chunk[lane] } else { lanes[lane] };
        }
    }
    lanes.iter().copied().fold(rest, f32::max)
}

/// e^x within 2 ulp for -87 < x < 88, clamped beyond; the standard one is a call and does not vectorize.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts, so that the remainder keeps its bits.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let rounded = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = rounded - ROUND;
    let r = n.mul_add(-LN2_LOW, n.mul_add(-LN2_HIGH, x));
    // Taylor's series: |r| <= ln 2 / 2, the next term is below 2e-8.
    let mut p = 1.0 / 5040.0;
    for c in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = r.mul_add(p, c);
    }
    p * f32::from_bits((rounded.to_bits() << 23).wrapping_add(1.0f32.to_bits()))
}

/// The error function within 5e-7: formula 7.1.26 of Abramowitz and Stegun, in f32.
#[inline(always)]
fn erf(x: f32) -> f32 {
    let a = x.abs();
    let t = 1.0 / 0.327_591_1f32.mul_add(a, 1.0);
    let mut p = 1.061_405_4f32;
    for c in [-1.453_152_1, 1.421_413_8, -0.284_496_72, 0.254_829_6] {
        p = p.mul_add(t, c);
    }
    (1.0 - p * t * exp(-a * a)).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_close() {
        for i in -8600..8700 {
            let x = i as f32 / 100.0;
            let expect = f64::from(x).exp();
            assert!((f64::from(exp(x)) / expect - 1.0).abs() < 3e-7, "exp({x}) = {}, not {expect}", exp(x));
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
    }

    #[test]
    fn erf_is_close() {
        // From tables of the error function.
        for (x, expect) in [
            (0.0, 0.0),
            (0.1, 0.112_462_916),
            (0.5, 0.520_499_9),
            (1.0, 0.842_700_8),
            (2.0, 0.995_322_3),
            (4.0, 0.999_999_98),
        ] {
            assert!((erf(x) - expect).abs() < 5e-7, "erf({x}) = {}", erf(x));
            assert_eq!(erf(-x), -erf(x));
        }
    }

    #[test]
    fn softmax_sums_to_one_and_keeps_the_order() {
        let mut rows = [1.0, 2.0, 3.0, -1000.0, 1000.0, 0.0, 0.0, 0.0, 0.0, 5.0, 5.0];
        softmax(&mut rows, 11);
        assert!((rows.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!(rows[4] > 0.999 && rows[3] < 1e-30);
    }

    #[test]
    fn products_add_to_what_is_there_and_read_strided_rows() {
        // Two rows of two values inside rows of three.
        let a = View::strided(&[1.0, 2.0, 9.0, 3.0, 4.0], 2, 2, 3);
        let b = View::rows(&[5.0, 6.0, 7.0, 8.0], 2);
        let mut out = [1.0; 4];
        product(&mut out, 2, a, b, Start::Overwrite, 1);
        assert_eq!(out, [19.0, 22.0, 43.0, 50.0]);
        product(&mut out, 2, a, b.transposed(), Start::Add, 1);
        assert_eq!(out, [19.0 + 17.0, 22.0 + 23.0, 43.0 + 39.0, 50.0 + 53.0]);
    }

    #[test]
    fn sums_take_the_remainder() {
        let values: Vec<f32> = (1..=11).map(|i| i as f32).collect();
        assert_eq!((sum(&values), dot(&values, &values), max(&values)), (66.0, 506.0, 11.0));
    }
}
