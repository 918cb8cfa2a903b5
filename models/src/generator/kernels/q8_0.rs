//! Q8_0: 32 values of 8 bits with one scale.

use super::{Activations, BLOCK, Packed, ROWS, Scale};
use half::f16;

#[derive(Clone, Copy)]
#[repr(C)]
pub struct Q8_0x8 {
    scale: [u16; ROWS],
    /// `[four columns][row][four]`
    quants: [[[i8; 4]; ROWS]; BLOCK / 4],
}

impl Packed for Q8_0x8 {
    const COLUMNS: usize = BLOCK;
    const FILE_BYTES: usize = 34;
    const SCALE: Scale = Scale::Block;

    fn pack(rows: [&[u8]; ROWS]) -> Self {
        let mut packed = Self { scale: [0; ROWS], quants: [[[0; 4]; ROWS]; BLOCK / 4] };
        for (row, bytes) in rows.into_iter().enumerate() {
            packed.scale[row] = u16::from_le_bytes([bytes[0], bytes[1]]);
            for (group, bytes) in bytes[2..34].chunks_exact(4).enumerate() {
                packed.quants[group][row] = [bytes[0] as i8, bytes[1] as i8, bytes[2] as i8, bytes[3] as i8];
            }
        }
        packed
    }

    fn unpack(&self, row: usize, out: &mut [f32]) {
        let scale = f16::from_bits(self.scale[row]).to_f32();
        for (out, quants) in out.chunks_exact_mut(4).zip(&self.quants) {
            for (out, quant) in out.iter_mut().zip(quants[row]) {
                *out = scale * f32::from(quant);
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
        let (q, s, _, _) = activations.starts(token);
        // SAFETY: as in `Q4Kx8::multiply`.
        unsafe {
            let quants = activations.quants.as_ptr().add(q).cast::<i32>();
            let scales = activations.scales.as_ptr().add(s);
            let ones = _mm256_set1_epi16(1);
            let mut total = [_mm256_setzero_ps(); T];
            for (index, block) in blocks.iter().enumerate() {
                if T == 1 {
                    super::ask_ahead(block);
                }
                let mut sum = [_mm256_setzero_si256(); T];
                for group in 0..BLOCK / 4 {
                    // The instruction wants one unsigned side: the sign of the weight goes to the activation.
                    // 2 * 128 * 127 = 32512 fits in sixteen bits.
                    let weights = _mm256_loadu_si256(block.quants[group].as_ptr().cast());
                    let size = _mm256_abs_epi8(weights);
                    let columns = quants.add((index * (BLOCK / 4) + group) * T);
                    for (t, sum) in sum.iter_mut().enumerate() {
                        let tokens = _mm256_set1_epi32(columns.add(t).read_unaligned());
                        let short = _mm256_maddubs_epi16(size, _mm256_sign_epi8(tokens, weights));
                        *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(short, ones));
                    }
                }
                let scale = _mm256_cvtph_ps(_mm_loadu_si128(block.scale.as_ptr().cast()));
                for t in 0..T {
                    let token = _mm256_set1_ps(*scales.add(index * T + t));
                    total[t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum[t]), _mm256_mul_ps(scale, token), total[t]);
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
