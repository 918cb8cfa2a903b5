//! A quantized matrix in the layout that this machine multiplies fastest.

use super::{
    gguf::RawTensor,
    kernels::{self, Activations, Packed, Q4Kx8, Q5_0x8, Q6Kx8, Q8_0x8, ROWS, Scale, tiles},
    requant,
    team::{Shares, Team},
};
use candle_core::{
    CpuStorage, Result, bail,
    quantized::{GgmlDType, QuantizedType},
};

/// `rows` outputs of `columns` inputs.
pub struct Matrix {
    rows: usize,
    columns: usize,
    store: Store,
}

enum Store {
    Q4K(Vec<Q4Kx8>),
    Q5_0(Vec<Q5_0x8>),
    Q6K(Vec<Q6Kx8>),
    Q8_0(Vec<Q8_0x8>),
    /// As it stands in the file, multiplied by candle.
    Plain(Box<dyn QuantizedType>),
}

impl Matrix {
    pub fn new(raw: RawTensor, team: &mut Team) -> Result<Self> {
        Self::with_layout(raw, team, kernels::available())
    }

    /// Without our own kernels: what other machines run, and what the kernels are held against.
    pub fn plain(raw: RawTensor, team: &mut Team) -> Result<Self> {
        Self::with_layout(raw, team, false)
    }

    fn with_layout(raw: RawTensor, team: &mut Team, packed: bool) -> Result<Self> {
        let [rows, columns] = raw.shape[..] else { bail!("{:?} is not the shape of a matrix", raw.shape) };
        let packed = packed && rows.is_multiple_of(ROWS);
        let raw = match requant::target(raw.dtype, columns, packed) {
            Some(dtype) => requantize(raw, dtype, team)?,
            None => raw,
        };
        let store = match raw.dtype {
            GgmlDType::Q4K if packed => Store::Q4K(pack(&raw, columns, team)),
            GgmlDType::Q5_0 if packed => Store::Q5_0(pack(&raw, columns, team)),
            GgmlDType::Q6K if packed => Store::Q6K(pack(&raw, columns, team)),
            GgmlDType::Q8_0 if packed => Store::Q8_0(pack(&raw, columns, team)),
            dtype => Store::Plain(dtype.from_data(raw.bytes.into())),
        };
        Ok(Self { rows, columns, store })
    }

    #[cfg(test)]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The form that `multiply` wants its input in; `None` if it takes floats.
    pub fn scale(&self) -> Option<Scale> {
        match &self.store {
            Store::Q4K(_) => Some(Q4Kx8::SCALE),
            Store::Q5_0(_) => Some(Q5_0x8::SCALE),
            Store::Q6K(_) => Some(Q6Kx8::SCALE),
            Store::Q8_0(_) => Some(Q8_0x8::SCALE),
            Store::Plain(_) => None,
        }
    }

    pub fn bytes(&self) -> usize {
        match &self.store {
            Store::Q4K(blocks) => size_of_val(&blocks[..]),
            Store::Q5_0(blocks) => size_of_val(&blocks[..]),
            Store::Q6K(blocks) => size_of_val(&blocks[..]),
            Store::Q8_0(blocks) => size_of_val(&blocks[..]),
            Store::Plain(blocks) => blocks.storage_size_in_bytes(),
        }
    }

    /// One row as floats: the embedding of a token.
    pub fn row(&self, row: usize, out: &mut [f32]) -> Result<()> {
        match &self.store {
            Store::Q4K(blocks) => unpack(blocks, row, out),
            Store::Q5_0(blocks) => unpack(blocks, row, out),
            Store::Q6K(blocks) => unpack(blocks, row, out),
            Store::Q8_0(blocks) => unpack(blocks, row, out),
            Store::Plain(blocks) => match blocks.embedding(&[row as u32], self.rows, self.columns)? {
                CpuStorage::F32(values) => out.copy_from_slice(&values),
                _ => bail!("an embedding that is not of floats"),
            },
        }
        Ok(())
    }

    /// `out[token][row]`. `floats` holds the same tokens as `activations`.
    pub fn multiply(&self, team: &mut Team, floats: &[f32], activations: &Activations, out: &mut [f32]) -> Result<()> {
        match &self.store {
            Store::Q4K(blocks) => multiply(blocks, self.rows, self.columns, team, activations, out),
            Store::Q5_0(blocks) => multiply(blocks, self.rows, self.columns, team, activations, out),
            Store::Q6K(blocks) => multiply(blocks, self.rows, self.columns, team, activations, out),
            Store::Q8_0(blocks) => multiply(blocks, self.rows, self.columns, team, activations, out),
            Store::Plain(blocks) => {
                let tokens = floats.len() / self.columns;
                blocks.matmul_t((tokens, self.columns, self.rows), floats, &mut out[..tokens * self.rows])?;
            }
        }
        Ok(())
    }
}

fn requantize(raw: RawTensor, dtype: GgmlDType, team: &mut Team) -> Result<RawTensor> {
    let [rows, columns] = raw.shape[..] else { bail!("{:?} is not the shape of a matrix", raw.shape) };
    let from = columns / raw.dtype.block_size() * raw.dtype.type_size();
    let to = columns / dtype.block_size() * dtype.type_size();
    let mut bytes = vec![0u8; rows * to];
    let shares = Shares::new(&mut bytes);
    let failed = std::sync::Mutex::new(None);
    // In pieces, so that the floats of the whole matrix never stand in memory.
    const PIECE: usize = 64;
    team.split(rows.div_ceil(PIECE), raw.bytes.len(), |range| {
        for piece in range {
            let (first, last) = (piece * PIECE, rows.min((piece + 1) * PIECE));
            let result = || -> Result<()> {
                let elements = (last - first) * columns;
                let floats =
                    raw.dtype.from_data((&raw.bytes[first * from..last * from]).into()).dequantize(elements)?;
                let CpuStorage::F32(floats) = floats else { bail!("dequantized to something else than floats") };
                let mut blocks = dtype.cpu_zeros(elements);
                blocks.from_float(&floats);
                // SAFETY: the blocks are plain numbers of `storage_size_in_bytes` bytes; every piece has its own part.
                unsafe {
                    let source = std::slice::from_raw_parts(blocks.as_ptr(), blocks.storage_size_in_bytes());
                    shares.part(first * to..last * to).copy_from_slice(source);
                }
                Ok(())
            };
            if let Err(error) = result() {
                *failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(error);
            }
        }
    });
    match failed.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()) {
        Some(error) => Err(error),
        None => Ok(RawTensor { dtype, shape: raw.shape, bytes }),
    }
}

fn pack<P: Packed>(raw: &RawTensor, columns: usize, team: &mut Team) -> Vec<P> {
    let blocks = columns / P::COLUMNS;
    let row = blocks * P::FILE_BYTES;
    let groups = raw.bytes.len() / row / ROWS;
    let mut packed: Vec<P> = Vec::with_capacity(groups * blocks);
    let spare = Shares::new(packed.spare_capacity_mut());
    team.split(groups, raw.bytes.len(), |range| {
        for group in range {
            // SAFETY: every group has its own part.
            let out = unsafe { spare.part(group * blocks..(group + 1) * blocks) };
            for (block, out) in out.iter_mut().enumerate() {
                let rows = std::array::from_fn(|lane| {
                    let start = (group * ROWS + lane) * row + block * P::FILE_BYTES;
                    &raw.bytes[start..start + P::FILE_BYTES]
                });
                out.write(P::pack(rows));
            }
        }
    });
    // SAFETY: `split` ran every group, and every group wrote all its blocks.
    unsafe { packed.set_len(groups * blocks) };
    packed
}

fn unpack<P: Packed>(packed: &[P], row: usize, out: &mut [f32]) {
    let blocks = out.len() / P::COLUMNS;
    let group = &packed[row / ROWS * blocks..][..blocks];
    for (block, out) in group.iter().zip(out.chunks_exact_mut(P::COLUMNS)) {
        block.unpack(row % ROWS, out);
    }
}

fn multiply<P: Packed>(
    packed: &[P],
    rows: usize,
    columns: usize,
    team: &mut Team,
    activations: &Activations,
    out: &mut [f32],
) {
    assert_eq!(activations.columns(), columns);
    let tokens = activations.tokens();
    let blocks = columns / P::COLUMNS;
    assert!(out.len() >= tokens * rows);
    let out = Shares::new(out);
    team.split(rows / ROWS, rows * columns * tokens, |range| {
        for group in range {
            let weights = &packed[group * blocks..(group + 1) * blocks];
            for (token, width) in tiles(tokens) {
                let at = |t: usize| (token + t) * rows + group * ROWS;
                // SAFETY: `Packed` matrices are made only where the kernels are available; a row group of a token
                // is written by one thread.
                unsafe {
                    match width {
                        8 => tile::<P, 8>(weights, activations, token, &out, at),
                        4 => tile::<P, 4>(weights, activations, token, &out, at),
                        2 => tile::<P, 2>(weights, activations, token, &out, at),
                        _ => tile::<P, 1>(weights, activations, token, &out, at),
                    }
                }
            }
        }
    });
}

/// # Safety
/// As `Packed::multiply`; `at(t)..at(t) + ROWS` must be in `out` and nobody else's.
unsafe fn tile<P: Packed, const T: usize>(
    weights: &[P],
    activations: &Activations,
    token: usize,
    out: &Shares<f32>,
    at: impl Fn(usize) -> usize,
) {
    let mut sums = [[0f32; ROWS]; T];
    // SAFETY: the caller's promise.
    unsafe { P::multiply(weights, activations, token, &mut sums) };
    for (t, sums) in sums.iter().enumerate() {
        // SAFETY: the caller's promise.
        unsafe { out.part(at(t)..at(t) + ROWS) }.copy_from_slice(sums);
    }
}
