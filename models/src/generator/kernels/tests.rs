//! The kernels against candle's dequantized weights, with tokens that are quantized the same way.

use super::*;
use crate::generator::{gguf::RawTensor, matrix::Matrix, team::Team};
use candle_core::quantized::GgmlDType;

fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((state >> 40) as f32 / (1u64 << 24) as f32 - 0.5) * 4.0
        })
        .collect()
}

fn raw(dtype: GgmlDType, rows: usize, columns: usize, seed: u64) -> RawTensor {
    let mut blocks = dtype.cpu_zeros(rows * columns);
    blocks.from_float(&numbers(rows * columns, seed));
    // SAFETY: the blocks are plain numbers of that many bytes.
    let bytes = unsafe { std::slice::from_raw_parts(blocks.as_ptr(), blocks.storage_size_in_bytes()) }.to_vec();
    RawTensor { dtype, shape: vec![rows, columns], bytes }
}

fn multiply(matrix: &Matrix, team: &mut Team, values: &[f32], columns: usize) -> Vec<f32> {
    let mut activations = Activations::default();
    if let Some(scale) = matrix.scale() {
        activations.quantize(team, values, columns, scale);
    }
    let mut out = vec![0.0; values.len() / columns * matrix.rows()];
    matrix.multiply(team, values, &activations, &mut out).unwrap();
    out
}

const KINDS: [(GgmlDType, usize); 6] = [
    (GgmlDType::Q4K, 512),
    (GgmlDType::Q6K, 768),
    (GgmlDType::Q8_0, 96),
    (GgmlDType::Q5_0, 96),
    (GgmlDType::Q4_1, 64),
    (GgmlDType::F16, 64),
];

/// The error that remains is that of the eight-bit tokens: 1/254 of the largest of each block at most, which comes
/// to well under one percent of the product of the lengths.
#[test]
fn products_are_those_of_the_dequantized_weights() {
    let mut team = Team::new(2).unwrap();
    for (dtype, columns) in KINDS {
        for tokens in [1, 2, 3, 8, 15] {
            let rows = 24;
            let tensor = raw(dtype, rows, columns, 3);
            let weights = tensor.to_f32().unwrap();
            let values = numbers(tokens * columns, 9);
            let matrix = Matrix::new(tensor, &mut team).unwrap();
            let out = multiply(&matrix, &mut team, &values, columns);
            for token in 0..tokens {
                for row in 0..rows {
                    let (x, w) = (&values[token * columns..][..columns], &weights[row * columns..][..columns]);
                    let exact: f64 = x.iter().zip(w).map(|(x, w)| f64::from(*x) * f64::from(*w)).sum();
                    let length = |v: &[f32]| v.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
                    let error = (f64::from(out[token * rows + row]) - exact).abs();
                    assert!(error < 0.006 * length(x) * length(w), "{dtype:?} token {token} row {row}: {error}");
                }
            }
        }
    }
}

/// With whole numbers up to 127 as tokens nothing is lost on their side, so that the sums must be right to the last
/// bits of a float: an overflow of the sixteen-bit sums would show here.
#[test]
fn the_largest_numbers_do_not_overflow() {
    let mut team = Team::new(1).unwrap();
    for (dtype, columns) in KINDS {
        for sign in [1.0f32, -1.0] {
            let rows = 8;
            // The largest weights that the type has, all of one sign but one.
            let mut floats = vec![sign; rows * columns];
            floats.iter_mut().step_by(31).for_each(|value| *value = -sign);
            let mut blocks = dtype.cpu_zeros(rows * columns);
            blocks.from_float(&floats);
            // SAFETY: as above.
            let bytes = unsafe { std::slice::from_raw_parts(blocks.as_ptr(), blocks.storage_size_in_bytes()) }.to_vec();
            let tensor = RawTensor { dtype, shape: vec![rows, columns], bytes };
            let weights = tensor.to_f32().unwrap();
            let matrix = Matrix::new(tensor, &mut team).unwrap();
            let out = multiply(&matrix, &mut team, &vec![127.0; columns], columns);
            for (row, out) in out.iter().enumerate() {
                let exact: f64 = weights[row * columns..][..columns].iter().map(|w| f64::from(*w) * 127.0).sum();
                // The requantized types lose a little on the way to Q8_0.
                let tolerance = 127.0
                    * columns as f64
                    * if matches!(dtype, GgmlDType::Q8_0 | GgmlDType::Q5_0) || columns >= 256 { 2e-5 } else { 4e-3 };
                assert!((f64::from(*out) - exact).abs() < tolerance, "{dtype:?} {sign}: {out} {exact}");
            }
        }
    }
}

#[test]
fn a_row_is_what_candle_dequantizes() {
    let mut team = Team::new(1).unwrap();
    for (dtype, columns) in [
        (GgmlDType::Q4K, 512),
        (GgmlDType::Q6K, 256),
        (GgmlDType::Q8_0, 96),
        (GgmlDType::Q5_0, 96),
        (GgmlDType::Q4_0, 64),
    ] {
        let tensor = raw(dtype, 16, columns, 5);
        let weights = tensor.to_f32().unwrap();
        let matrix = Matrix::new(tensor, &mut team).unwrap();
        for row in [0, 7, 8, 15] {
            let mut out = vec![0.0; columns];
            matrix.row(row, &mut out).unwrap();
            for (ours, theirs) in out.iter().zip(&weights[row * columns..]) {
                assert!((ours - theirs).abs() <= 1e-6 * theirs.abs().max(1.0), "{dtype:?} row {row}: {ours} {theirs}");
            }
        }
    }
}

/// Reading a prompt in other pieces must not change what it means, not even in the last bit.
#[test]
fn a_token_is_the_same_alone_and_among_others() {
    let mut team = Team::new(2).unwrap();
    for (dtype, columns) in KINDS {
        let matrix = Matrix::new(raw(dtype, 16, columns, 1), &mut team).unwrap();
        let values = numbers(15 * columns, 2);
        let together = multiply(&matrix, &mut team, &values, columns);
        for (token, row) in values.chunks_exact(columns).enumerate() {
            let alone = multiply(&matrix, &mut team, row, columns);
            assert_eq!(alone, together[token * 16..(token + 1) * 16], "{dtype:?} token {token}");
        }
    }
}
