//! Q5_0: 32 values of 5 bits, less 16, with one scale.

use super::{Activations, BLOCK, Packed, ROWS, Scale};
use half::f16;

#[derive(Clone, Copy)]
#[repr(C)]
pub struct Q5_0x8 {
    scale: [u16; ROWS],
    /// `[eight columns][row][four]`: the first four columns in the low bits, the other four in the high ones.
    low: [[[u8; 4]; ROWS]; BLOCK / 8],
    /// `[row][four]`: the fifth bits of columns 0..4, 4..8 and so on, from the lowest bit up.
    high: [[u8; 4]; ROWS],
}

impl Packed for Q5_0x8 {
    const COLUMNS: usize = BLOCK;
    const FILE_BYTES: usize = 22;
    const SCALE: Scale = Scale::Block;

    fn pack(rows: [&[u8]; ROWS]) -> Self {
        let mut packed = Self { scale: [0; ROWS], low: [[[0; 4]; ROWS]; BLOCK / 8], high: [[0; 4]; ROWS] };
        for (row, bytes) in rows.into_iter().enumerate() {
            packed.scale[row] = u16::from_le_bytes([bytes[0], bytes[1]]);
            let fifth = u32::from_le_bytes([bytes[2], bytes[3], bytes[4], bytes[5]]);
            for column in 0..BLOCK {
                // The low bits of the bytes are the first 16 values, the high ones the other 16.
                let four = bytes[6 + column % 16] >> (4 * (column / 16)) & 15;
                let (group, lane) = (column / 4, column % 4);
                packed.low[group / 2][row][lane] |= four << (4 * (group % 2));
                packed.high[row][lane] |= ((fifth >> column & 1) as u8) << group;
            }
        }
        packed
    }

    fn unpack(&self, row: usize, out: &mut [f32]) {
        let scale = f16::from_bits(self.scale[row]).to_f32();
        for (column, out) in out.iter_mut().enumerate() {
            let (group, lane) = (column / 4, column % 4);
            let low = self.low[group / 2][row][lane] >> (4 * (group % 2)) & 15;
            let high = self.high[row][lane] >> group & 1;
            *out = scale * (f32::from(low | high << 4) - 16.0);
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn multiply<const T: usize>(
        blocks: &[Self],
        activations: &Activations,
        token: usize,
        out: &mut [[f32; ROWS]; T],
    ) {
        use std::arch::x86_64::*;
        let (q, s, _, _) = activations.starts(token);
        // SAFETY: as in `Q4Kx8::multiply`.
        unsafe {
            let quants = activations.quants.as_ptr().add(q).cast::<i32>();
            let scales = activations.scales.as_ptr().add(s);
            let offsets = activations.offsets.as_ptr().add(s);
            let (low, fifth) = (_mm256_set1_epi8(15), _mm256_set1_epi8(16));
            let ones = _mm256_set1_epi16(1);
            let mut total = [_mm256_setzero_ps(); T];
            for (index, block) in blocks.iter().enumerate() {
                if T == 1 {
                    super::ask_ahead(block);
                }
                let high = _mm256_loadu_si256(block.high.as_ptr().cast());
                // The fifth bit of each group of four columns, brought to its place; the neighbours go with the mask.
                let bits = [
                    _mm256_slli_epi16(high, 4),
                    _mm256_slli_epi16(high, 3),
                    _mm256_slli_epi16(high, 2),
                    _mm256_slli_epi16(high, 1),
                    high,
                    _mm256_srli_epi16(high, 1),
                    _mm256_srli_epi16(high, 2),
                    _mm256_srli_epi16(high, 3),
                ];
                let mut sum = [_mm256_setzero_si256(); T];
                for half in 0..2 {
                    // 4 * 2 * 31 * 127 = 31496 fits in sixteen bits.
                    let mut short = [_mm256_setzero_si256(); T];
                    for eight in half * 2..half * 2 + 2 {
                        let weights = _mm256_loadu_si256(block.low[eight].as_ptr().cast());
                        let first =
                            _mm256_or_si256(_mm256_and_si256(weights, low), _mm256_and_si256(bits[eight * 2], fifth));
                        let second = _mm256_or_si256(
                            _mm256_and_si256(_mm256_srli_epi16(weights, 4), low),
                            _mm256_and_si256(bits[eight * 2 + 1], fifth),
                        );
                        let columns = quants.add((index * 8 + eight * 2) * T);
                        for (t, short) in short.iter_mut().enumerate() {
                            let tokens = _mm256_set1_epi32(columns.add(t).read_unaligned());
                            *short = _mm256_add_epi16(*short, _mm256_maddubs_epi16(first, tokens));
                        }
                        for (t, short) in short.iter_mut().enumerate() {
                            let tokens = _mm256_set1_epi32(columns.add(T + t).read_unaligned());
                            *short = _mm256_add_epi16(*short, _mm256_maddubs_epi16(second, tokens));
                        }
                    }
                    for (sum, short) in sum.iter_mut().zip(short) {
                        *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(short, ones));
                    }
                }
                let scale = _mm256_cvtph_ps(_mm_loadu_si128(block.scale.as_ptr().cast()));
                for t in 0..T {
                    let token = _mm256_set1_ps(*scales.add(index * T + t));
                    let exact = _mm256_sub_epi32(sum[t], _mm256_set1_epi32(*offsets.add(index * T + t)));
                    total[t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(exact), _mm256_mul_ps(scale, token), total[t]);
                }
            }
            for (out, total) in out.iter_mut().zip(total) {
                _mm256_storeu_ps(out.as_mut_ptr(), total);
            }
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    unsafe fn multiply<const T: usize>(_: &[Self], _: &Activations, _: usize, _: &mut [[f32; ROWS]; T]) {
        unreachable!("`available` is false on this machine")
    }
}
