//! Our own products of quantized matrices with tokens, for x86 with AVX2 and FMA.
//!
//! Eight rows of a matrix are interleaved four columns at a time, so that one 256-bit instruction multiplies eight
//! rows by four columns of one token, the sums of the rows never have to be added across lanes, and a weight is
//! unpacked once for up to eight tokens. Products of a 4-bit weight and an 8-bit activation are summed over a whole
//! block of 32 in sixteen bits (8 * 2 * 15 * 127 = 30480) before they are scaled; a dot product along the row has
//! to widen after every instruction.
//!
//! The sum of one row and one token is the same to the last bit however many tokens are multiplied at once.

mod activations;
mod q4k;
mod q5_0;
mod q6k;
mod q8_0;
#[cfg(test)]
mod tests;

pub use activations::{Activations, Scale, tiles};
pub use q4k::Q4Kx8;
pub use q5_0::Q5_0x8;
pub use q6k::Q6Kx8;
pub use q8_0::Q8_0x8;

/// Rows that are interleaved.
pub const ROWS: usize = 8;
/// Values that share one scale in the `K` types.
pub const SUPER: usize = 256;
/// Values that share one scale in the plain types.
pub const BLOCK: usize = 32;

/// Whether this machine can run the kernels of this module.
pub fn available() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        std::arch::is_x86_feature_detected!("avx2")
            && std::arch::is_x86_feature_detected!("fma")
            && std::arch::is_x86_feature_detected!("f16c")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// Asks for the block that is multiplied two blocks later. A single token is multiplied as fast as its weights come
/// from memory, and asking early keeps more of them on the way than the processor does by itself.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn ask_ahead<P>(block: &P) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    let ahead = std::ptr::from_ref(block).wrapping_add(AHEAD).cast::<i8>();
    for line in 0..size_of::<P>().div_ceil(64) {
        // SAFETY: a hint; it reads nothing and cannot fault.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(line * 64)) };
    }
}

#[cfg(target_arch = "x86_64")]
const AHEAD: usize = 3;

/// Eight interleaved rows of one block.
pub trait Packed: Copy + Send + Sync + 'static {
    /// Columns of one block.
    const COLUMNS: usize;
    /// Bytes of one block of one row in the file.
    const FILE_BYTES: usize;
    const SCALE: Scale;

    /// `rows` are the same block of eight rows as they stand in the file.
    fn pack(rows: [&[u8]; ROWS]) -> Self;
    /// The values of one of the rows.
    fn unpack(&self, row: usize, out: &mut [f32]);
    /// # Safety
    /// Only where `available()`. `token..token + T` must be one tile of `activations`, and `blocks` one row group
    /// with as many columns. Adds nothing: `out[t]` is overwritten.
    unsafe fn multiply<const T: usize>(
        blocks: &[Self],
        activations: &Activations,
        token: usize,
        out: &mut [[f32; ROWS]; T],
    );
}
