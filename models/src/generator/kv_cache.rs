//! Keys and values of the tokens that were read before, kept from prompt to prompt.

/// Keys that are multiplied at once.
pub const KEYS: usize = 16;

/// One layer. Room for all tokens is reserved at the start and taken from the system when it is first written.
pub struct LayerCache {
    head_size: usize,
    heads: usize,
    room: usize,
    /// `[head][token / 8][value][token % 8]`: eight keys are multiplied with one value of a query at once.
    keys: Vec<f32>,
    /// `[head][token][value]`
    values: Vec<f32>,
}

impl LayerCache {
    pub fn new(heads: usize, head_size: usize, tokens: usize) -> Self {
        let room = tokens.next_multiple_of(KEYS);
        let length = heads * head_size * room;
        Self { head_size, heads, room, keys: vec![0.0; length], values: vec![0.0; length] }
    }

    /// Sixteen keys as `[two][value][eight]`.
    #[inline]
    pub fn keys(&self, head: usize, tile: usize) -> &[f32] {
        let size = KEYS * self.head_size;
        &self.keys[head * self.room * self.head_size + tile * size..][..size]
    }

    #[inline]
    pub fn values(&self, head: usize, tokens: std::ops::Range<usize>) -> &[f32] {
        let start = head * self.room;
        &self.values[(start + tokens.start) * self.head_size..(start + tokens.end) * self.head_size]
    }

    /// `key` and `value` are `[head][value]`.
    pub fn put(&mut self, token: usize, key: &[f32], value: &[f32]) {
        let size = self.head_size;
        for head in 0..self.heads {
            let start = (head * self.room + token / 8 * 8) * size + token % 8;
            for (index, key) in key[head * size..(head + 1) * size].iter().enumerate() {
                self.keys[start + index * 8] = *key;
            }
            let start = (head * self.room + token) * size;
            self.values[start..start + size].copy_from_slice(&value[head * size..(head + 1) * size]);
        }
    }

    fn copy_from(&mut self, other: &Self, tokens: usize) {
        let tokens = tokens.next_multiple_of(8);
        for head in 0..self.heads {
            let start = head * self.room * self.head_size;
            let range = start..start + tokens * self.head_size;
            self.keys[range.clone()].copy_from_slice(&other.keys[range.clone()]);
            self.values[range.clone()].copy_from_slice(&other.values[range]);
        }
    }
}

/// One prompt's worth of keys and values, and the tokens that they belong to.
pub struct Slot {
    pub layers: Vec<LayerCache>,
    pub tokens: Vec<u32>,
    used: u64,
}

impl Slot {
    pub fn new(layers: usize, heads: usize, head_size: usize, tokens: usize) -> Self {
        let layers = (0..layers).map(|_| LayerCache::new(heads, head_size, tokens)).collect();
        Self { layers, tokens: Vec::new(), used: 0 }
    }
}

/// The prompts that are remembered.
pub struct KvCache {
    slots: Vec<Slot>,
    clock: u64,
}

fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

impl KvCache {
    pub fn new(slots: Vec<Slot>) -> Self {
        assert!(!slots.is_empty());
        Self { slots, clock: 0 }
    }

    /// A slot whose tokens are the longest known beginning of `prompt`, always less than all of it: the last token
    /// has to be run for its logits. A conversation that goes on keeps its slot; anything else that shares a
    /// beginning takes a copy of it into the slot that was not used for longest, so that the other stays whole.
    pub fn begin(&mut self, prompt: &[u32]) -> usize {
        self.clock += 1;
        let shared = |slot: &Slot| common(&slot.tokens, prompt).min(prompt.len().saturating_sub(1));
        let best = (0..self.slots.len())
            .max_by_key(|index| (shared(&self.slots[*index]), self.slots[*index].used))
            .expect("a cache has at least one slot");
        let keep = shared(&self.slots[best]);
        // What a continued conversation gives up is at most the template's words after the last answer.
        let goes_on = keep > 0 && self.slots[best].tokens.len() - keep <= keep / 8;
        let oldest = (0..self.slots.len()).min_by_key(|index| self.slots[*index].used).expect("as above");
        let chosen = if goes_on { best } else { oldest };
        if chosen != best && keep > 0 {
            let [from, to] = self.slots.get_disjoint_mut([best, chosen]).expect("two different slots");
            for (to, from) in to.layers.iter_mut().zip(&from.layers) {
                to.copy_from(from, keep);
            }
        }
        let slot = &mut self.slots[chosen];
        slot.used = self.clock;
        slot.tokens.clear();
        slot.tokens.extend_from_slice(&prompt[..keep]);
        chosen
    }

    pub fn slot(&mut self, slot: usize) -> &mut Slot {
        &mut self.slots[slot]
    }

    pub fn clear(&mut self) {
        for slot in &mut self.slots {
            slot.tokens.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(slots: usize) -> KvCache {
        KvCache::new((0..slots).map(|_| Slot::new(1, 1, 4, 64)).collect())
    }

    /// Writes every new token as a key and value of its own number, and returns how many were kept.
    fn read(cache: &mut KvCache, prompt: &[u32]) -> usize {
        let slot = cache.begin(prompt);
        let slot = cache.slot(slot);
        let kept = slot.tokens.len();
        for (at, token) in prompt.iter().enumerate().skip(kept) {
            slot.layers[0].put(at, &[*token as f32; 4], &[*token as f32; 4]);
            slot.tokens.push(*token);
        }
        for (at, token) in prompt.iter().enumerate() {
            assert_eq!(slot.layers[0].values(0, at..at + 1), [*token as f32; 4], "{prompt:?} value {at}");
            let key = slot.layers[0].keys(0, at / KEYS)[(at % KEYS / 8) * 32 + at % 8];
            assert_eq!(key, *token as f32, "{prompt:?} key {at}");
        }
        kept
    }

    #[test]
    fn the_longest_beginning_is_kept() {
        for slots in [1, 2, 4] {
            let mut cache = cache(slots);
            let system: Vec<u32> = (100..120).collect();
            let with = |tail: &[u32]| [&system[..], tail].concat();
            assert_eq!(read(&mut cache, &with(&[1, 2, 3])), 0);
            assert_eq!(read(&mut cache, &with(&[4, 5])), 20, "{slots} slots: the system prompt is known");
            assert_eq!(read(&mut cache, &with(&[4, 5])), 21, "{slots} slots: all but the last token is known");
            assert_eq!(read(&mut cache, &with(&[1, 2, 3, 9])), if slots > 1 { 23 } else { 20 });
            assert_eq!(read(&mut cache, &[7, 8]), 0);
        }
    }

    #[test]
    fn two_stores_do_not_push_each_other_out() {
        let mut cache = cache(2);
        let (one, two): (Vec<u32>, Vec<u32>) = ((10..30).collect(), (40..60).collect());
        read(&mut cache, &[&one[..], &[1]].concat());
        read(&mut cache, &[&two[..], &[1]].concat());
        assert_eq!(read(&mut cache, &[&one[..], &[2]].concat()), 20);
        assert_eq!(read(&mut cache, &[&two[..], &[2]].concat()), 20);
    }
}
