//! The store in memory: every object that has an id, by its id. Where one object holds another that has an id of its
//! own, it holds that id as a string; what it points at may be gone, as in a real store.

use engine::live::Money;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex},
    time::Instant,
};

/// An object's fields, named as the Admin API names them.
pub type Fields = Map<String, Value>;

/// Cheap to clone: a query runs on the store as it stood when it came.
#[derive(Clone, Default)]
pub struct World {
    objects: HashMap<String, Arc<Fields>>,
    /// Ids by type, in the fixture's order.
    by_type: HashMap<String, Vec<String>>,
    /// The `Shop`.
    pub shop: Arc<Fields>,
    /// For objects that come into being here.
    last_id: u64,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("objects", &self.objects.len()).finish_non_exhaustive()
    }
}

impl World {
    pub fn get(&self, gid: &str) -> Option<&Arc<Fields>> {
        self.objects.get(gid)
    }

    /// The objects in a list field, by id or as they stand.
    pub fn list(&self, fields: &Fields, key: &str) -> Vec<Arc<Fields>> {
        let items = fields.get(key).and_then(Value::as_array).into_iter().flatten();
        let object = |item: &Value| match item {
            Value::String(gid) => self.get(gid).cloned(),
            Value::Object(inline) => Some(Arc::new(inline.clone())),
            _ => None,
        };
        items.filter_map(object).collect()
    }

    /// Ids of all objects of a type.
    pub fn all(&self, ty: &str) -> &[String] {
        self.by_type.get(ty).map(Vec::as_slice).unwrap_or_default()
    }

    /// Puts an object in; one with the same id gives way.
    pub fn put(&mut self, gid: &str, fields: Fields) {
        if self.objects.insert(gid.to_owned(), Arc::new(fields)).is_none() {
            self.by_type.entry(type_of(gid).to_owned()).or_default().push(gid.to_owned());
        }
    }

    /// The object's fields, to change them.
    pub fn edit(&mut self, gid: &str) -> Option<&mut Fields> {
        self.objects.get_mut(gid).map(Arc::make_mut)
    }

    pub fn remove(&mut self, gid: &str) -> bool {
        if let Some(ids) = self.by_type.get_mut(type_of(gid)) {
            ids.retain(|id| id != gid);
        }
        self.objects.remove(gid).is_some()
    }

    /// An empty world for objects that shall come into this one.
    pub fn annex(&self) -> Self {
        Self { last_id: self.last_id, ..Self::default() }
    }

    /// Takes in what an annex holds.
    pub fn take_in(&mut self, annex: Self) {
        for gid in annex.by_type.values().flatten() {
            if let Some(fields) = annex.get(gid) {
                self.put(gid, (**fields).clone());
            }
        }
        self.last_id = annex.last_id;
    }

    /// An id that nothing has yet.
    pub fn new_id(&mut self, ty: &str) -> String {
        loop {
            self.last_id += 1;
            let gid = format!("gid://shopify/{ty}/{}", 9_000_000_000 + self.last_id);
            if !self.objects.contains_key(&gid) {
                return gid;
            }
        }
    }
}

/// `Order` of `gid://shopify/Order/1001`.
pub fn type_of(gid: &str) -> &str {
    gid.strip_prefix("gid://shopify/").and_then(|rest| rest.split('/').next()).unwrap_or_default()
}

/// 1001 of `gid://shopify/Order/1001`.
pub fn number_of(gid: &str) -> Option<u64> {
    gid.strip_prefix("gid://shopify/")?.split('/').nth(1)?.split('?').next()?.parse().ok()
}

/// The fields' string of that name.
pub fn text<'a>(fields: &'a Fields, key: &str) -> Option<&'a str> {
    fields.get(key).and_then(Value::as_str)
}

/// The ids in a list field.
pub fn ids<'a>(fields: &'a Fields, key: &str) -> impl Iterator<Item = &'a str> {
    fields.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// The amount that the customer saw, of a `MoneyBag` or a `MoneyV2`.
pub fn money(fields: &Fields, key: &str) -> Option<Money> {
    let bag = fields.get(key)?;
    let money = bag.get("presentmentMoney").unwrap_or(bag);
    Money::parse(money.get("amount")?.as_str()?, money.get("currencyCode")?.as_str()?).ok()
}

/// A `MoneyBag` whose two sides are the same.
pub fn bag(money: Money) -> Value {
    let side = json!({"amount": money.decimal(), "currencyCode": money.currency.code()});
    json!({"shopMoney": side, "presentmentMoney": side})
}

/// The sum, if the currencies agree.
pub fn sum(zero: Money, amounts: impl IntoIterator<Item = Money>) -> Money {
    amounts.into_iter().fold(zero, |sum, amount| sum.plus(amount).unwrap_or(sum))
}

/// The store's time: it starts where the fixture says and goes on from there.
#[derive(Debug)]
pub struct Clock {
    start: Timestamp,
    since: Instant,
    ahead: Mutex<SignedDuration>,
}

impl Clock {
    pub fn starting(start: Timestamp) -> Self {
        Self { start, since: Instant::now(), ahead: Mutex::default() }
    }

    pub fn now(&self) -> Timestamp {
        let ahead = *self.ahead.lock().expect("no holder panics");
        let passed = SignedDuration::try_from(self.since.elapsed()).unwrap_or(SignedDuration::MAX);
        self.start.saturating_add(passed.saturating_add(ahead)).expect("a duration has no calendar units")
    }

    pub fn advance(&self, by: SignedDuration) {
        let mut ahead = self.ahead.lock().expect("no holder panics");
        *ahead = ahead.saturating_add(by);
    }
}

/// As the API writes times: whole seconds, UTC.
pub fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
