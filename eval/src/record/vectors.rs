//! Vectors by the name of what was embedded: in memory once for each text, in a file as base64 of little-endian f32.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Cheap to clone; all turns of a record share one.
#[derive(Clone, Debug, Default)]
pub struct Vectors(Arc<Mutex<HashMap<String, Arc<[f32]>>>>);

impl Vectors {
    pub fn get(&self, name: &str) -> Option<Vec<f32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).map(|vector| vector.to_vec())
    }

    /// The vector that counts for this name from now on: the one that was there first, where two turns ask at once.
    pub fn keep(&self, name: &str, vector: Vec<f32>) -> Vec<f32> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(name.to_owned()).or_insert_with(|| vector.into()).to_vec()
    }
}

pub fn to_text(vector: &[f32]) -> String {
    let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
    BASE64_STANDARD.encode(bytes)
}

/// `None` where it is no base64, or no whole number of values.
pub fn from_text(text: &str) -> Option<Vec<f32>> {
    let bytes = BASE64_STANDARD.decode(text).ok()?;
    let (values, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_vector_comes_back_bit_for_bit(bits in proptest::collection::vec(any::<u32>(), 0..40)) {
            let vector: Vec<f32> = bits.iter().map(|bits| f32::from_bits(*bits)).collect();
            let back = from_text(&to_text(&vector)).unwrap();
            prop_assert_eq!(back.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), bits);
        }
    }

    #[test]
    fn what_is_no_vector_is_refused() {
        assert_eq!(from_text("AAAA"), None);
        assert_eq!(from_text("not base64!"), None);
    }

    #[test]
    fn the_first_vector_of_a_text_counts() {
        let vectors = Vectors::default();
        assert_eq!(vectors.keep("a", vec![1.0]), [1.0]);
        assert_eq!(vectors.keep("a", vec![2.0]), [1.0]);
        assert_eq!(vectors.clone().get("a"), Some(vec![1.0]));
    }
}
