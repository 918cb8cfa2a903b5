//! Attention over cached keys and values, four queries and sixteen keys at a time.

use super::{
    kv_cache::{KEYS, LayerCache},
    team::{Shares, Team},
};

/// Queries that share a loaded key.
const QUERIES: usize = 4;
/// Tokens of one piece of work; with the query heads of one group they share the keys in the first cache.
const TOKENS: usize = 8;
/// Values that are added to a result before it is put back.
const VALUES: usize = 32;

#[derive(Clone, Copy, Debug)]
pub struct Heads {
    pub query: usize,
    pub key_value: usize,
    /// Values of one head.
    pub size: usize,
}

impl Heads {
    fn group(self) -> usize {
        self.query / self.key_value
    }
}

/// Fused where the machine has it: a libm call otherwise.
#[inline(always)]
fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) { a.mul_add(b, c) } else { a * b + c }
}

/// e^x for x <= 88, to about 2 units in the last place, and in a form that the compiler vectorizes.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23: adding it leaves the nearest whole number in the low bits
    let x = x.max(-87.0);
    let shifted = multiply_add(x, std::f32::consts::LOG2_E, ROUND);
    let whole = shifted - ROUND;
    // ln 2 in two parts, so that the remainder is exact.
    let rest = multiply_add(whole, -0.693_359_4, x);
    let rest = multiply_add(whole, 2.121_944_4e-4, rest);
    let mut sum = 1.987_569_1e-4;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        sum = multiply_add(sum, rest, coefficient);
    }
    let sum = multiply_add(sum * rest, rest, rest + 1.0);
    let exponent = shifted.to_bits() << 23;
    f32::from_bits(sum.to_bits().wrapping_add(exponent))
}

/// `queries` and `out` are `[token][head][size]`; token 0 stands at `position`. The keys and values of all the tokens
/// are in the cache already. Each token sees the last `window` of them, with itself. The result for a token does not
/// depend on the tokens beside it.
pub fn attend(
    team: &mut Team,
    heads: Heads,
    queries: &[f32],
    cache: &LayerCache,
    position: usize,
    window: usize,
    out: &mut [f32],
) {
    let width = heads.query * heads.size;
    let tokens = queries.len() / width;
    let blocks = tokens.div_ceil(TOKENS);
    let out = Shares::new(&mut out[..tokens * width]);
    let work = queries.len() * (position + tokens).min(window.saturating_add(tokens));
    team.split(blocks * heads.key_value, work, |range| {
        let mut scratch = Scratch::default();
        for item in range {
            // The last tokens see the most keys: they go first, so that the threads end together.
            let (block, head) = (blocks - 1 - item / heads.key_value, item % heads.key_value);
            let first = block * TOKENS;
            let last = tokens.min(first + TOKENS);
            scratch.run(heads, queries, cache, position, window, first..last, head, &out);
        }
    });
}

#[derive(Default)]
struct Scratch {
    /// The queries of one piece of work, scaled: `[query][size]`.
    queries: Vec<f32>,
    /// `[query][key]`
    scores: Vec<f32>,
    sums: Vec<f32>,
}

impl Scratch {
    #[allow(clippy::too_many_arguments)]
    fn run(
        &mut self,
        heads: Heads,
        queries: &[f32],
        cache: &LayerCache,
        position: usize,
        window: usize,
        tokens: std::ops::Range<usize>,
        head: usize,
        out: &Shares<f32>,
    ) {
        let (size, group) = (heads.size, heads.group());
        let count = tokens.len() * group;
        let padded = count.next_multiple_of(QUERIES);
        let keys = position + tokens.end;
        let row = keys.next_multiple_of(KEYS);
        let seen_by = |token: usize| (position + token + 1).saturating_sub(window)..position + token + 1;
        // What the first token does not see any more, the others do not either.
        let tiles = seen_by(tokens.start).start / KEYS..row / KEYS;
        let at = |query: usize| {
            let (token, lane) = (tokens.start + query / group, query % group);
            (token * heads.query + head * group + lane) * size
        };
        self.queries.clear();
        self.queries.resize(padded * size, 0.0);
        let scale = 1.0 / (size as f32).sqrt();
        for (query, scaled) in self.queries.chunks_exact_mut(size).take(count).enumerate() {
            for (scaled, value) in scaled.iter_mut().zip(&queries[at(query)..at(query) + size]) {
                *scaled = value * scale;
            }
        }
        self.scores.resize(self.scores.len().max(padded * row), 0.0);
        let scores = &mut self.scores[..padded * row];
        for tile in tiles.clone() {
            let keys = cache.keys(head, tile);
            for (four, queries) in self.queries.chunks_exact(QUERIES * size).enumerate() {
                let products = scores_of(queries, keys, size);
                for (query, products) in products.iter().enumerate() {
                    let start = (four * QUERIES + query) * row + tile * KEYS;
                    scores[start..start + KEYS].copy_from_slice(products);
                }
            }
        }
        for (query, scores) in scores.chunks_exact_mut(row).take(count).enumerate() {
            softmax(scores, seen_by(tokens.start + query / group));
        }
        self.sums.clear();
        self.sums.resize(padded * size, 0.0);
        for start in (tiles.start * KEYS..keys).step_by(VALUES) {
            let end = keys.min(start + VALUES);
            let values = cache.values(head, start..end);
            for (four, sums) in self.sums.chunks_exact_mut(QUERIES * size).enumerate() {
                let weights = std::array::from_fn(|query| &scores[(four * QUERIES + query) * row..][start..end]);
                add_values(weights, values, size, sums);
            }
        }
        for (query, sums) in self.sums.chunks_exact(size).take(count).enumerate() {
            // SAFETY: every query is in one piece of work.
            unsafe { out.part(at(query)..at(query) + size) }.copy_from_slice(sums);
        }
    }
}

/// Four queries with sixteen keys; the keys are `[two][size][eight]`.
#[inline(never)]
fn scores_of(queries: &[f32], keys: &[f32], size: usize) -> [[f32; KEYS]; QUERIES] {
    let (left, right) = keys.split_at(size * 8);
    let [a, b, c, d]: [&[f32]; QUERIES] = std::array::from_fn(|query| &queries[query * size..(query + 1) * size]);
    let mut sums = [[[0f32; 8]; 2]; QUERIES];
    let columns = left.chunks_exact(8).zip(right.chunks_exact(8));
    for (((((left, right), a), b), c), d) in columns.zip(a).zip(b).zip(c).zip(d) {
        for (sums, query) in sums.iter_mut().zip([a, b, c, d]) {
            for lane in 0..8 {
                sums[0][lane] = multiply_add(*query, left[lane], sums[0][lane]);
                sums[1][lane] = multiply_add(*query, right[lane], sums[1][lane]);
            }
        }
    }
    let mut out = [[0f32; KEYS]; QUERIES];
    for (out, sums) in out.iter_mut().zip(sums) {
        out[..8].copy_from_slice(&sums[0]);
        out[8..].copy_from_slice(&sums[1]);
    }
    out
}

/// Over the scores of `keys`; the others get no weight.
fn softmax(scores: &mut [f32], keys: std::ops::Range<usize>) {
    scores[..keys.start].fill(0.0);
    scores[keys.end..].fill(0.0);
    let scores = &mut scores[keys];
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sums = [0f32; 8];
    let mut chunks = scores.chunks_exact_mut(8);
    for chunk in &mut chunks {
        for (score, sum) in chunk.iter_mut().zip(&mut sums) {
            *score = exp(*score - largest);
            *sum += *score;
        }
    }
    let mut sum: f32 = sums.into_iter().sum();
    for score in chunks.into_remainder() {
        *score = exp(*score - largest);
        sum += *score;
    }
    let inverse = 1.0 / sum;
    for score in scores {
        *score *= inverse;
    }
}

/// Adds weighted values, `[key][size]`, to four sums.
#[inline(never)]
fn add_values(weights: [&[f32]; QUERIES], values: &[f32], size: usize, sums: &mut [f32]) {
    let mut start = 0;
    while start + 16 <= size {
        add_columns::<16>(weights, values, size, start, sums);
        start += 16;
    }
    while start < size {
        add_columns::<1>(weights, values, size, start, sums);
        start += 1;
    }
}

#[inline(always)]
fn add_columns<const N: usize>(
    weights: [&[f32]; QUERIES],
    values: &[f32],
    size: usize,
    start: usize,
    sums: &mut [f32],
) {
    let mut held = [[0f32; N]; QUERIES];
    for (query, held) in held.iter_mut().enumerate() {
        held.copy_from_slice(&sums[query * size + start..][..N]);
    }
    let [a, b, c, d] = weights;
    for ((((values, a), b), c), d) in values.chunks_exact(size).zip(a).zip(b).zip(c).zip(d) {
        let values: &[f32; N] = values[start..start + N].try_into().expect("a slice of N values");
        for (held, weight) in held.iter_mut().zip([a, b, c, d]) {
            for lane in 0..N {
                held[lane] = multiply_add(*weight, values[lane], held[lane]);
            }
        }
    }
    for (query, held) in held.iter().enumerate() {
        sums[query * size + start..][..N].copy_from_slice(held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_close_to_libm() {
        for step in -8700..=880 {
            let x = step as f32 / 100.0;
            let (ours, exact) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((ours - exact).abs() <= exact * 4e-7, "{x}: {ours} {exact}");
        }
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
    }

    #[test]
    fn attention_is_the_softmax_of_the_products() {
        let mut seed = 1u64;
        let mut random = || {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 40) as f32 / (1u64 << 24) as f32 * 2.0 - 1.0
        };
        // Sizes with and without a remainder, groups that do not fill the four queries, positions across tiles.
        for (query, key_value, size, position, tokens, window) in [
            (4, 2, 16, 0, 1, usize::MAX),
            (6, 2, 24, 5, 19, usize::MAX),
            (7, 1, 8, 40, 3, usize::MAX),
            (9, 3, 64, 15, 2, 18),
            (4, 2, 16, 30, 50, 7),
            (4, 1, 16, 40, 1, 8),
            (4, 1, 16, 0, 20, 1),
        ] {
            let heads = Heads { query, key_value, size };
            let length = position + tokens;
            let mut cache = LayerCache::new(key_value, size, length);
            let all: Vec<Vec<f32>> =
                (0..length * 2).map(|_| (0..key_value * size).map(|_| random()).collect()).collect();
            for at in 0..length {
                cache.put(at, &all[at * 2], &all[at * 2 + 1]);
            }
            let queries: Vec<f32> = (0..tokens * query * size).map(|_| random() * 3.0).collect();
            let mut out = vec![0f32; queries.len()];
            attend(&mut Team::new(2).unwrap(), heads, &queries, &cache, position, window, &mut out);
            for token in 0..tokens {
                for head in 0..query {
                    let at = (token * query + head) * size;
                    let own = head / (query / key_value) * size;
                    let first = (position + token + 1).saturating_sub(window);
                    let scores: Vec<f64> = (first..=position + token)
                        .map(|key| {
                            let products =
                                (0..size).map(|i| f64::from(queries[at + i]) * f64::from(all[key * 2][own + i]));
                            (products.sum::<f64>() / (size as f64).sqrt()).exp()
                        })
                        .collect();
                    let sum: f64 = scores.iter().sum();
                    for i in 0..size {
                        let expect: f64 = scores
                            .iter()
                            .enumerate()
                            .map(|(key, score)| score / sum * f64::from(all[(first + key) * 2 + 1][own + i]))
                            .sum();
                        assert!((f64::from(out[at + i]) - expect).abs() < 1e-5, "{heads:?} token {token} head {head}");
                    }
                }
            }
        }
    }
}
