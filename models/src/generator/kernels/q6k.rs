//! Q6_K: 256 values of 6 bits, less 32; each 16 have an 8-bit scale.

use super::{Activations, Packed, ROWS, SUPER, Scale};
use half::f16;

#[derive(Clone, Copy)]
#[repr(C)]
pub struct Q6Kx8 {
    scale: [u16; ROWS],
    /// `[block of 16][row]`
    scales: [[i8; ROWS]; 16],
    /// `[block of 16][half][row][four]`: columns 0..4 and 4..8 in the low bits, 8..12 and 12..16 in the high ones.
    low: [[[[u8; 4]; ROWS]; 2]; 16],
    /// `[block of 16][row][four]`: the two upper bits of columns 0..4, 4..8, 8..12, 12..16 from the lowest up.
    high: [[[u8; 4]; ROWS]; 16],
}

/// The 6-bit values of a block of the file: halves of 128 values; see `BlockQ6K` in ggml.
fn values(bytes: &[u8]) -> [u8; SUPER] {
    let mut values = [0u8; SUPER];
    for half in 0..2 {
        let (low, high) = (&bytes[half * 64..], &bytes[128 + half * 32..]);
        for column in 0..32 {
            for quarter in 0..4 {
                let four = low[column + 32 * (quarter % 2)] >> (4 * (quarter / 2)) & 15;
                let two = high[column] >> (2 * quarter) & 3;
                values[half * 128 + quarter * 32 + column] = four | two << 4;
            }
        }
    }
    values
}

impl Packed for Q6Kx8 {
    const COLUMNS: usize = SUPER;
    const FILE_BYTES: usize = 210;
    const SCALE: Scale = Scale::Super;

    fn pack(rows: [&[u8]; ROWS]) -> Self {
        let mut packed = Self {
            scale: [0; ROWS],
            scales: [[0; ROWS]; 16],
            low: [[[[0; 4]; ROWS]; 2]; 16],
            high: [[[0; 4]; ROWS]; 16],
        };
        for (row, bytes) in rows.into_iter().enumerate() {
            packed.scale[row] = u16::from_le_bytes([bytes[208], bytes[209]]);
            let values = values(bytes);
            for (block, values) in values.chunks_exact(16).enumerate() {
                packed.scales[block][row] = bytes[192 + block] as i8;
                for four in 0..4 {
                    let [a, b, c, d] = [values[four], values[4 + four], values[8 + four], values[12 + four]];
                    packed.low[block][0][row][four] = (a & 15) | ((c & 15) << 4);
                    packed.low[block][1][row][four] = (b & 15) | ((d & 15) << 4);
                    packed.high[block][row][four] = (a >> 4) | (b >> 4 << 2) | (c >> 4 << 4) | (d >> 4 << 6);
                }
            }
        }
        packed
    }

    fn unpack(&self, row: usize, out: &mut [f32]) {
        let scale = f16::from_bits(self.scale[row]).to_f32();
        for (block, out) in out.chunks_exact_mut(16).enumerate() {
            let scale = scale * f32::from(self.scales[block][row]);
            for (column, out) in out.iter_mut().enumerate() {
                let (quarter, four) = (column / 4, column % 4);
                let low = self.low[block][quarter % 2][row][four] >> (4 * (quarter / 2)) & 15;
                let high = self.high[block][row][four] >> (2 * quarter) & 3;
                *out = scale * (f32::from(low | high << 4) - 32.0);
            }
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
        let (q, s, m, _) = activations.starts(token);
        // SAFETY: as in `Q4Kx8::multiply`.
        unsafe {
            let quants = activations.quants.as_ptr().add(q).cast::<i32>();
            let scales = activations.scales.as_ptr().add(s);
            let sums = activations.sums16.as_ptr().add(m).cast::<i32>();
            let (low, two) = (_mm256_set1_epi8(15), _mm256_set1_epi8(0x30));
            let mut total = [_mm256_setzero_ps(); T];
            for (index, block) in blocks.iter().enumerate() {
                if T == 1 {
                    super::ask_ahead(block);
                }
                let mut sum = [_mm256_setzero_si256(); T];
                for part in 0..16 {
                    let first = _mm256_loadu_si256(block.low[part][0].as_ptr().cast());
                    let second = _mm256_loadu_si256(block.low[part][1].as_ptr().cast());
                    let high = _mm256_loadu_si256(block.high[part].as_ptr().cast());
                    let scale = _mm_loadl_epi64(block.scales[part].as_ptr().cast());
                    let scale = _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(scale, scale));
                    let columns = quants.add((index * 64 + part * 4) * T);
                    // 2 * 2 * 63 * 127 = 32004: two products of pairs fit in sixteen bits.
                    let a = _mm256_or_si256(
                        _mm256_and_si256(first, low),
                        _mm256_and_si256(_mm256_slli_epi16(high, 4), two),
                    );
                    let b = _mm256_or_si256(
                        _mm256_and_si256(second, low),
                        _mm256_and_si256(_mm256_slli_epi16(high, 2), two),
                    );
                    for (t, sum) in sum.iter_mut().enumerate() {
                        let short = _mm256_add_epi16(
                            _mm256_maddubs_epi16(a, _mm256_set1_epi32(columns.add(t).read_unaligned())),
                            _mm256_maddubs_epi16(b, _mm256_set1_epi32(columns.add(T + t).read_unaligned())),
                        );
                        *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(short, scale));
                    }
                    let c = _mm256_or_si256(
                        _mm256_and_si256(_mm256_srli_epi16(first, 4), low),
                        _mm256_and_si256(high, two),
                    );
                    let d = _mm256_or_si256(
                        _mm256_and_si256(_mm256_srli_epi16(second, 4), low),
                        _mm256_and_si256(_mm256_srli_epi16(high, 2), two),
                    );
                    for (t, sum) in sum.iter_mut().enumerate() {
                        let short = _mm256_add_epi16(
                            _mm256_maddubs_epi16(c, _mm256_set1_epi32(columns.add(2 * T + t).read_unaligned())),
                            _mm256_maddubs_epi16(d, _mm256_set1_epi32(columns.add(3 * T + t).read_unaligned())),
                        );
                        *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(short, scale));
                    }
                }
                // The 32 that every value is too large by.
                let mut above = [_mm256_setzero_si256(); T];
                for pair in 0..8 {
                    let left = _mm_loadl_epi64(block.scales[pair * 2].as_ptr().cast());
                    let right = _mm_loadl_epi64(block.scales[pair * 2 + 1].as_ptr().cast());
                    let both = _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(left, right));
                    for (t, above) in above.iter_mut().enumerate() {
                        let sums = _mm256_set1_epi32(sums.add((index * 8 + pair) * T + t).read_unaligned());
                        *above = _mm256_add_epi32(*above, _mm256_madd_epi16(both, sums));
                    }
                }
                let scale = _mm256_cvtph_ps(_mm_loadu_si128(block.scale.as_ptr().cast()));
                for t in 0..T {
                    let token = _mm256_set1_ps(*scales.add(index * T + t));
                    let exact = _mm256_sub_epi32(sum[t], _mm256_slli_epi32(above[t], 5));
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
