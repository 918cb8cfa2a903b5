//! What the engine knows of a store besides its pages: the part of the store's TOML that decides what is said.

pub mod compare;
pub mod written;

use crate::access::StoreId;
use crate::delivery::{CancelRules, DeliveryRules};
use crate::policy::Policy;
use crate::reply::IdentityWay;
use crate::returns::ReturnRules;
use iso_currency::Currency;
use jiff::tz::TimeZone;
use regex::Regex;
use std::collections::HashMap;
use std::sync::{Arc, RwLock};

/// One store's settings, validated. Made by `api::store` from the TOML.
#[derive(Clone, Debug)]
pub struct StoreProfile {
    pub store: StoreId,
    /// As customers see it.
    pub name: String,
    pub domain: String,
    pub currency: Currency,
    /// Days are days of this zone.
    pub time_zone: TimeZone,
    /// How an order number looks in a customer's message, such as `#?FV\d{5}`.
    pub order_number: Regex,
    pub contact_email: Option<String>,
    /// What a customer reads when a person takes over, if the store has its own words.
    pub handoff_message: Option<String>,
    /// As BCP 47 names them; the first is the default.
    pub languages: Vec<String>,
    /// Countries with rules of their own.
    pub countries: Vec<Country>,
    /// How customers can say who they are, the easiest first. Empty: nobody can, and such questions go to a person.
    pub identity: Vec<IdentityWay>,
    /// Absent where the store's TOML says nothing: then nothing of the kind is computed.
    pub returns: Option<ReturnRules>,
    pub delivery: Option<DeliveryRules>,
    pub cancel: Option<CancelRules>,
    /// Who handles what, and what is never automated.
    pub policy: Arc<Policy>,
}

/// A country that the store sells to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Country {
    /// ISO 3166-1 alpha-2.
    pub code: String,
    pub name: String,
    pub currency: Currency,
}

/// The profiles in force. Cheap to clone; a profile can be replaced while the server runs.
#[derive(Clone, Debug, Default)]
pub struct Profiles(Arc<RwLock<HashMap<StoreId, Arc<StoreProfile>>>>);

impl Profiles {
    pub fn get(&self, store: &StoreId) -> Option<Arc<StoreProfile>> {
        self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(store).cloned()
    }

    pub fn remove(&self, store: &StoreId) {
        self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner).remove(store);
    }

    pub fn set(&self, profile: StoreProfile) {
        let mut all = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        all.insert(profile.store.clone(), Arc::new(profile));
    }
}
