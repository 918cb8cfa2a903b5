//! Which token comes next.

use engine::prompt::Sampling;

/// Greedy, or from a seeded stream of random numbers.
pub struct Sampler {
    sampling: Sampling,
    state: [u64; 4],
    candidates: Vec<(f32, u32)>,
}

impl Sampler {
    pub fn new(sampling: Sampling) -> Self {
        let mut seed = match sampling {
            Sampling::Greedy => 0,
            Sampling::Seeded { seed, .. } => seed,
        };
        // SplitMix64, which the authors of xoshiro recommend to fill its state.
        let state = std::array::from_fn(|_| {
            seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = seed;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^ (z >> 31)
        });
        Self { sampling, state, candidates: Vec::new() }
    }

    /// `None` if the logits are not numbers.
    pub fn next(&mut self, logits: &[f32]) -> Option<u32> {
        match self.sampling {
            Sampling::Seeded { temperature, top_p, .. } if temperature > 0.0 && top_p > 0.0 => {
                self.seeded(logits, temperature as f32, top_p)
            }
            Sampling::Greedy | Sampling::Seeded { .. } => greedy(logits),
        }
    }

    fn seeded(&mut self, logits: &[f32], temperature: f32, top_p: f64) -> Option<u32> {
        let largest = logits[greedy(logits)? as usize];
        self.candidates.clear();
        // What is a billion times less likely than the best is not worth sorting.
        self.candidates.extend(logits.iter().zip(0u32..).filter_map(|(logit, id)| {
            let weight = (logit - largest) / temperature;
            (weight > -20.0).then(|| (weight.exp(), id))
        }));
        // The identity decides between equals, so that the order is always the same.
        self.candidates.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let total: f64 = self.candidates.iter().map(|(weight, _)| f64::from(*weight)).sum();
        let mut kept = 0.0;
        let mut count = 0;
        for (weight, _) in &self.candidates {
            kept += f64::from(*weight);
            count += 1;
            if kept >= top_p * total {
                break;
            }
        }
        let mut point = self.random() * kept;
        for (weight, id) in &self.candidates[..count] {
            point -= f64::from(*weight);
            if point < 0.0 {
                return Some(*id);
            }
        }
        self.candidates[..count].last().map(|(_, id)| *id)
    }

    /// xoshiro256**, as a number of 0 to 1.
    fn random(&mut self) -> f64 {
        let [a, b, c, d] = &mut self.state;
        let result = b.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        (result >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The first of the largest.
fn greedy(logits: &[f32]) -> Option<u32> {
    let mut best: Option<(f32, u32)> = None;
    for (logit, id) in logits.iter().zip(0u32..) {
        if logit.is_nan() {
            return None;
        }
        if best.is_none_or(|(largest, _)| *logit > largest) {
            best = Some((*logit, id));
        }
    }
    best.map(|(_, id)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeded(seed: u64, temperature: f64, top_p: f64) -> Sampler {
        Sampler::new(Sampling::Seeded { seed, temperature, top_p })
    }

    #[test]
    fn greedy_takes_the_first_of_the_largest() {
        let mut sampler = Sampler::new(Sampling::Greedy);
        assert_eq!(sampler.next(&[0.0, 3.0, 3.0, -1.0]), Some(1));
        assert_eq!(sampler.next(&[0.0, f32::NAN]), None);
        assert_eq!(sampler.next(&[]), None);
        assert_eq!(seeded(1, 0.0, 1.0).next(&[0.0, 2.0, 1.0]), Some(1), "no temperature is greedy");
    }

    #[test]
    fn the_same_seed_takes_the_same_tokens() {
        let logits: Vec<f32> = (0..50).map(|i| (i as f32 * 0.37).sin()).collect();
        let run = |seed| -> Vec<u32> {
            let mut sampler = seeded(seed, 1.0, 0.95);
            (0..100).map(|_| sampler.next(&logits).unwrap()).collect()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }

    #[test]
    fn tokens_come_as_often_as_they_are_likely() {
        let logits = [0.5f32.ln(), 0.3f32.ln(), 0.15f32.ln(), 0.05f32.ln()];
        for (top_p, expect) in [(1.0, [0.5, 0.3, 0.15, 0.05]), (0.75, [0.625, 0.375, 0.0, 0.0])] {
            let mut sampler = seeded(42, 1.0, top_p);
            let mut counts = [0u32; 4];
            for _ in 0..20_000 {
                counts[sampler.next(&logits).unwrap() as usize] += 1;
            }
            for (count, expect) in counts.iter().zip(expect) {
                assert!((f64::from(*count) / 20_000.0 - expect).abs() < 0.015, "{counts:?} with {top_p}");
            }
        }
    }
}
