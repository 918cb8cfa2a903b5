//! Tokens as eight-bit numbers, in the order in which the kernels read them.

use super::{BLOCK, SUPER};
use crate::generator::team::{Shares, Team};

/// How many values share one scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    Super,
    Block,
}

impl Scale {
    pub const fn values(self) -> usize {
        match self {
            Self::Super => SUPER,
            Self::Block => BLOCK,
        }
    }
}

/// The tokens are cut into tiles of 8, 4, 2 and 1. Within a tile everything is ordered `[column group][token]`.
#[derive(Default)]
pub struct Activations {
    tokens: usize,
    columns: usize,
    per_scale: usize,
    /// `[columns / 4][token][4]`
    pub quants: Vec<i8>,
    /// `[columns / per_scale][token]`
    pub scales: Vec<f32>,
    /// Sixteen times the sum of each block, `[columns / 32][token]`; only with `Scale::Block`: what weights that are
    /// stored with 16 added bring in too much.
    pub offsets: Vec<i32>,
    /// Sums of 16 values in pairs, `[columns / 32][token][2]`; only with `Scale::Super`.
    pub sums16: Vec<[i16; 2]>,
    /// Sums of 32 values in pairs, `[columns / 64][token][2]`; only with `Scale::Super`.
    pub sums32: Vec<[i16; 2]>,
}

/// The widths of the tiles that follow each other from token 0.
pub fn tiles(tokens: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut token = 0;
    std::iter::from_fn(move || {
        let left = tokens - token;
        let width = [8, 4, 2, 1].into_iter().find(|width| *width <= left)?;
        token += width;
        Some((token - width, width))
    })
}

impl Activations {
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Start of a tile in `quants`, `scales`, `sums16` and `sums32`.
    #[inline]
    pub fn starts(&self, token: usize) -> (usize, usize, usize, usize) {
        (
            token * self.columns,
            token * (self.columns / self.per_scale),
            token * (self.columns / 32),
            token * (self.columns / 64),
        )
    }

    /// Quantizes `values`, which holds whole tokens of `columns`.
    pub fn quantize(&mut self, team: &mut Team, values: &[f32], columns: usize, scale: Scale) {
        assert!(columns.is_multiple_of(scale.values()) && values.len().is_multiple_of(columns));
        self.tokens = values.len() / columns;
        self.columns = columns;
        self.per_scale = scale.values();
        let grow = |length: usize, needed: usize| length.max(needed);
        self.quants.resize(grow(self.quants.len(), values.len()), 0);
        self.scales.resize(grow(self.scales.len(), values.len() / self.per_scale), 0.0);
        if scale == Scale::Super {
            self.sums16.resize(grow(self.sums16.len(), values.len() / 32), [0; 2]);
            self.sums32.resize(grow(self.sums32.len(), values.len() / 64), [0; 2]);
        }
        if scale == Scale::Block {
            self.offsets.resize(self.scales.len(), 0);
        }
        let tokens = self.tokens;
        let spots: Vec<(usize, usize)> = tiles(tokens).collect();
        let starts: Vec<_> = spots.iter().map(|(token, _)| self.starts(*token)).collect();
        let (quants, scales) = (Shares::new(&mut self.quants), Shares::new(&mut self.scales));
        let offsets = Shares::new(&mut self.offsets);
        let (sums16, sums32) = (Shares::new(&mut self.sums16), Shares::new(&mut self.sums32));
        let per_scale = self.per_scale;
        let one = |index: usize| {
            let (token, width) = spots[index];
            let (q, s, a, b) = starts[index];
            // SAFETY: every tile has its own part of each array.
            unsafe {
                let quants = quants.part(q..q + width * columns);
                let scales = scales.part(s..s + width * (columns / per_scale));
                let mut tile = match scale {
                    Scale::Super => Tile {
                        width,
                        per_scale,
                        quants,
                        scales,
                        offsets: &mut [],
                        sums16: sums16.part(a..a + width * (columns / 32)),
                        sums32: sums32.part(b..b + width * (columns / 64)),
                    },
                    Scale::Block => {
                        let offsets = offsets.part(s..s + width * (columns / BLOCK));
                        Tile { width, per_scale, quants, scales, offsets, sums16: &mut [], sums32: &mut [] }
                    }
                };
                for lane in 0..width {
                    tile.put(lane, &values[(token + lane) * columns..(token + lane + 1) * columns]);
                }
            }
        };
        team.split(spots.len(), values.len() * 4, |range| range.for_each(&one));
    }
}

/// The parts of one tile.
struct Tile<'a> {
    width: usize,
    per_scale: usize,
    quants: &'a mut [i8],
    scales: &'a mut [f32],
    offsets: &'a mut [i32],
    sums16: &'a mut [[i16; 2]],
    sums32: &'a mut [[i16; 2]],
}

/// Below this a block counts as nothing; 127 divided by it is still a number.
const SMALLEST: f32 = 1e-30;

impl Tile<'_> {
    fn put(&mut self, lane: usize, row: &[f32]) {
        for (block, values) in row.chunks_exact(self.per_scale).enumerate() {
            let mut largest = [0f32; 8];
            for eight in values.chunks_exact(8) {
                for (largest, value) in largest.iter_mut().zip(eight) {
                    *largest = largest.max(value.abs());
                }
            }
            let largest = largest.into_iter().fold(0f32, f32::max);
            self.scales[block * self.width + lane] = largest / 127.0;
            let inverse = if largest > SMALLEST { 127.0 / largest } else { 0.0 };
            for (part, values) in values.chunks_exact(BLOCK).enumerate() {
                let mut whole = [0i32; BLOCK];
                for (whole, value) in whole.iter_mut().zip(values) {
                    // Not more than 127 by construction; a NaN becomes 0.
                    *whole = (value * inverse).round_ties_even() as i32;
                }
                self.put_block((block * self.per_scale + part * BLOCK) / BLOCK, lane, &whole);
            }
        }
    }

    fn put_block(&mut self, block: usize, lane: usize, whole: &[i32; BLOCK]) {
        for (four, whole) in whole.chunks_exact(4).enumerate() {
            let start = ((block * (BLOCK / 4) + four) * self.width + lane) * 4;
            for (quant, whole) in self.quants[start..start + 4].iter_mut().zip(whole) {
                *quant = *whole as i8;
            }
        }
        let left: i32 = whole[..16].iter().sum();
        let right: i32 = whole[16..].iter().sum();
        if self.sums16.is_empty() {
            self.offsets[block * self.width + lane] = 16 * (left + right);
        } else {
            self.sums16[block * self.width + lane] = [left as i16, right as i16];
            self.sums32[block / 2 * self.width + lane][block % 2] = (left + right) as i16;
        }
    }
}
