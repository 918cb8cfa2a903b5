//! Q4_K: 256 values of 4 bits; each 32 have a 6-bit scale and a 6-bit minimum.

use super::{Activations, Packed, ROWS, SUPER, Scale};
use half::f16;

#[derive(Clone, Copy)]
#[repr(C)]
pub struct Q4Kx8 {
    scale: [u16; ROWS],
    minimum: [u16; ROWS],
    /// `[block of 32][row]`
    scales: [[u8; ROWS]; 8],
    /// `[pair of blocks][row][block]`
    minimums: [[[u8; 2]; ROWS]; 4],
    /// `[eight columns][row][four]`: the first four columns in the low bits, the other four in the high ones.
    quants: [[[u8; 4]; ROWS]; SUPER / 8],
}

/// The 6-bit scale and minimum of a block of 32 from the twelve bytes that hold eight of each.
fn scale_and_minimum(block: usize, packed: &[u8]) -> (u8, u8) {
    if block < 4 {
        (packed[block] & 63, packed[block + 4] & 63)
    } else {
        let (low, high) = (packed[block + 4], (packed[block - 4] >> 6, packed[block] >> 6));
        ((low & 15) | (high.0 << 4), (low >> 4) | (high.1 << 4))
    }
}

impl Packed for Q4Kx8 {
    const COLUMNS: usize = SUPER;
    const FILE_BYTES: usize = 144;
    const SCALE: Scale = Scale::Super;

    fn pack(rows: [&[u8]; ROWS]) -> Self {
        let mut packed = Self {
            scale: [0; ROWS],
            minimum: [0; ROWS],
            scales: [[0; ROWS]; 8],
            minimums: [[[0; 2]; ROWS]; 4],
            quants: [[[0; 4]; ROWS]; SUPER / 8],
        };
        for (row, bytes) in rows.into_iter().enumerate() {
            packed.scale[row] = u16::from_le_bytes([bytes[0], bytes[1]]);
            packed.minimum[row] = u16::from_le_bytes([bytes[2], bytes[3]]);
            for block in 0..8 {
                let (scale, minimum) = scale_and_minimum(block, &bytes[4..16]);
                packed.scales[block][row] = scale;
                packed.minimums[block / 2][row][block % 2] = minimum;
            }
            // 64 values are 32 bytes: the low bits are the first 32 values, the high bits the other 32.
            for (sixty_four, bytes) in bytes[16..].chunks_exact(32).enumerate() {
                for (eight, bytes) in bytes.chunks_exact(8).enumerate() {
                    let low = &mut packed.quants[sixty_four * 8 + eight][row];
                    for four in 0..4 {
                        low[four] = (bytes[four] & 15) | ((bytes[four + 4] & 15) << 4);
                    }
                    let high = &mut packed.quants[sixty_four * 8 + 4 + eight][row];
                    for four in 0..4 {
                        high[four] = (bytes[four] >> 4) | (bytes[four + 4] & 0xF0);
                    }
                }
            }
        }
        packed
    }

    fn unpack(&self, row: usize, out: &mut [f32]) {
        let scale = f16::from_bits(self.scale[row]).to_f32();
        let minimum = f16::from_bits(self.minimum[row]).to_f32();
        for (eight, out) in out.chunks_exact_mut(8).enumerate() {
            let block = eight / 4;
            let scale = scale * f32::from(self.scales[block][row]);
            let minimum = minimum * f32::from(self.minimums[block / 2][row][block % 2]);
            let quants = &self.quants[eight][row];
            for four in 0..4 {
                out[four] = scale * f32::from(quants[four] & 15) - minimum;
                out[four + 4] = scale * f32::from(quants[four] >> 4) - minimum;
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
        let (q, s, _, m) = activations.starts(token);
        // SAFETY: the caller's promise: the tile has `blocks.len() * SUPER` columns of `T` tokens, which bounds every
        // pointer below.
        unsafe {
            let quants = activations.quants.as_ptr().add(q).cast::<i32>();
            let scales = activations.scales.as_ptr().add(s);
            let sums = activations.sums32.as_ptr().add(m).cast::<i32>();
            let low = _mm256_set1_epi8(15);
            let mut total = [_mm256_setzero_ps(); T];
            for (index, block) in blocks.iter().enumerate() {
                if T == 1 {
                    super::ask_ahead(block);
                }
                let mut sum = [_mm256_setzero_si256(); T];
                for part in 0..8 {
                    let mut short = [_mm256_setzero_si256(); T];
                    for eight in 0..4 {
                        let weights = _mm256_loadu_si256(block.quants[part * 4 + eight].as_ptr().cast());
                        let first = _mm256_and_si256(weights, low);
                        let second = _mm256_and_si256(_mm256_srli_epi16(weights, 4), low);
                        let columns = quants.add((index * 64 + part * 8 + eight * 2) * T);
                        for (t, short) in short.iter_mut().enumerate() {
                            let tokens = _mm256_set1_epi32(columns.add(t).read_unaligned());
                            *short = _mm256_add_epi16(*short, _mm256_maddubs_epi16(first, tokens));
                        }
                        for (t, short) in short.iter_mut().enumerate() {
                            let tokens = _mm256_set1_epi32(columns.add(T + t).read_unaligned());
                            *short = _mm256_add_epi16(*short, _mm256_maddubs_epi16(second, tokens));
                        }
                    }
                    let scale = _mm_loadl_epi64(block.scales[part].as_ptr().cast());
                    let scale = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(scale, scale));
                    for (sum, short) in sum.iter_mut().zip(short) {
                        *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(short, scale));
                    }
                }
                let mut below = [_mm256_setzero_si256(); T];
                for pair in 0..4 {
                    let minimums = _mm256_cvtepu8_epi16(_mm_loadu_si128(block.minimums[pair].as_ptr().cast()));
                    for (t, below) in below.iter_mut().enumerate() {
                        let sums = _mm256_set1_epi32(sums.add((index * 4 + pair) * T + t).read_unaligned());
                        *below = _mm256_add_epi32(*below, _mm256_madd_epi16(minimums, sums));
                    }
                }
                let scale = _mm256_cvtph_ps(_mm_loadu_si128(block.scale.as_ptr().cast()));
                let minimum = _mm256_cvtph_ps(_mm_loadu_si128(block.minimum.as_ptr().cast()));
                for t in 0..T {
                    let token = _mm256_set1_ps(*scales.add(index * T + t));
                    total[t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum[t]), _mm256_mul_ps(scale, token), total[t]);
                    total[t] = _mm256_fnmadd_ps(_mm256_cvtepi32_ps(below[t]), _mm256_mul_ps(minimum, token), total[t]);
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
