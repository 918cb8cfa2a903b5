//! Tensors whose dot product would run element by element are turned into another type when they are loaded.

use candle_core::quantized::GgmlDType;

/// What a matrix becomes, or `None` if it stays as it is. `columns` is the length of a row,
/// `packed` whether our own kernels will multiply it.
///
/// | in the file | becomes | why |
/// |---|---|---|
/// | Q4_1, Q5_1 | Q8_0 | candle 0.11 multiplies them element by element on x86; eight bits hold five without a visible loss, and rows need only be a multiple of 32 (0.5B models have 896) |
/// | Q5_0 | Q8_0, or itself if packed | the same; our kernel takes it as it is, and a token costs the bytes that it reads |
/// | Q8_1 | Q8_0 | the same, it is a type for activations |
/// | F16, BF16 | Q8_0 | reading weights is what a token costs; half the bytes |
/// | Q4_0, Q8_0, Q2K..Q6K, F32 | | have an AVX2 kernel, here or in candle |
pub fn target(dtype: GgmlDType, columns: usize, packed: bool) -> Option<GgmlDType> {
    use GgmlDType::*;
    match dtype {
        Q5_0 if packed => None,
        Q4_1 | Q5_0 | Q5_1 | Q8_1 | F16 | BF16 => (columns.is_multiple_of(Q8_0.block_size())).then_some(Q8_0),
        Q4_0 | Q8_0 | Q2K | Q3K | Q4K | Q5K | Q6K | Q8K | F32 => None,
    }
}
