//! What is known of an order, a customer, a product. Times are instants; a day is made of one in the store's time zone.

use super::{Money, Payment};
use crate::access::StoreId;
use crate::identity::{CustomerId, Email, OrderNumber};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A global id of Shopify (`gid://shopify/Order/1001`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Gid(pub String);

impl Gid {
    /// What stands after the last `/`: the number that REST, webhooks and search queries use.
    pub fn tail(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for Gid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value with where it came from and when it was read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Read<T> {
    pub value: T,
    /// The operation that brought it (`OrdersOfCustomer`).
    pub source: &'static str,
    pub read_at: Timestamp,
}

/// An enum of Shopify's, with [`Other`](Self) for values that came after this was written.
macro_rules! open_enum {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $wire:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name { $($variant,)+ Other(String) }

        impl $name {
            /// Every value that is known by name.
            pub const KNOWN: &'static [&'static str] = &[$($wire),+];

            pub fn as_str(&self) -> &str {
                match self { $(Self::$variant => $wire,)+ Self::Other(name) => name }
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                match name { $($wire => Self::$variant,)+ other => Self::Other(other.to_owned()) }
            }
        }

        impl From<String> for $name {
            fn from(name: String) -> Self { Self::from(name.as_str()) }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self { value.as_str().to_owned() }
        }
    };
}
pub(super) use open_enum;

open_enum!(
    /// `OrderDisplayFinancialStatus`.
    FinancialStatus {
        Pending = "PENDING", Authorized = "AUTHORIZED", PartiallyPaid = "PARTIALLY_PAID", Paid = "PAID",
        PartiallyRefunded = "PARTIALLY_REFUNDED", Refunded = "REFUNDED", Voided = "VOIDED", Expired = "EXPIRED",
    }
);
open_enum!(
    /// `OrderDisplayFulfillmentStatus`.
    FulfillmentState {
        Unfulfilled = "UNFULFILLED", PartiallyFulfilled = "PARTIALLY_FULFILLED", Fulfilled = "FULFILLED",
        Restocked = "RESTOCKED", PendingFulfillment = "PENDING_FULFILLMENT", Open = "OPEN",
        InProgress = "IN_PROGRESS", OnHold = "ON_HOLD", Scheduled = "SCHEDULED",
        RequestDeclined = "REQUEST_DECLINED", NotRequired = "FULFILLMENT_NOT_REQUIRED",
    }
);
open_enum!(
    /// `OrderReturnStatus`.
    OrderReturnStatus {
        NoReturn = "NO_RETURN", Requested = "RETURN_REQUESTED", InProgress = "IN_PROGRESS",
        InspectionComplete = "INSPECTION_COMPLETE", Returned = "RETURNED", Failed = "RETURN_FAILED",
    }
);
open_enum!(
    /// `FulfillmentDisplayStatus`: where a parcel is.
    ParcelStatus {
        Submitted = "SUBMITTED", Confirmed = "CONFIRMED", MarkedAsFulfilled = "MARKED_AS_FULFILLED",
        Fulfilled = "FULFILLED", LabelPrinted = "LABEL_PRINTED", LabelPurchased = "LABEL_PURCHASED",
        LabelVoided = "LABEL_VOIDED", CarrierPickedUp = "CARRIER_PICKED_UP", InTransit = "IN_TRANSIT",
        OutForDelivery = "OUT_FOR_DELIVERY", AttemptedDelivery = "ATTEMPTED_DELIVERY", Delayed = "DELAYED",
        ReadyForPickup = "READY_FOR_PICKUP", PickedUp = "PICKED_UP", Delivered = "DELIVERED",
        NotDelivered = "NOT_DELIVERED", Failure = "FAILURE", Canceled = "CANCELED",
    }
);
open_enum!(
    /// `FulfillmentEventStatus`: what the carrier reported.
    ParcelEventStatus {
        LabelPurchased = "LABEL_PURCHASED", LabelPrinted = "LABEL_PRINTED", Confirmed = "CONFIRMED",
        CarrierPickedUp = "CARRIER_PICKED_UP", InTransit = "IN_TRANSIT", OutForDelivery = "OUT_FOR_DELIVERY",
        AttemptedDelivery = "ATTEMPTED_DELIVERY", Delayed = "DELAYED", ReadyForPickup = "READY_FOR_PICKUP",
        Delivered = "DELIVERED", Failure = "FAILURE",
    }
);
open_enum!(
    /// `FulfillmentOrderStatus`: what still has to leave the warehouse.
    FulfillmentOrderStatus {
        Open = "OPEN", InProgress = "IN_PROGRESS", Scheduled = "SCHEDULED", OnHold = "ON_HOLD",
        Incomplete = "INCOMPLETE", Closed = "CLOSED", Cancelled = "CANCELLED",
    }
);
open_enum!(
    /// `FulfillmentHoldReason`.
    HoldReason {
        AwaitingPayment = "AWAITING_PAYMENT", HighRiskOfFraud = "HIGH_RISK_OF_FRAUD",
        IncorrectAddress = "INCORRECT_ADDRESS", OutOfStock = "INVENTORY_OUT_OF_STOCK",
        AwaitingReturnItems = "AWAITING_RETURN_ITEMS", UnknownDeliveryDate = "UNKNOWN_DELIVERY_DATE",
        PostPurchase = "ONLINE_STORE_POST_PURCHASE_CROSS_SELL",
    }
);
open_enum!(
    /// `OrderCancelReason`.
    CancelReason {
        Customer = "CUSTOMER", Declined = "DECLINED", Fraud = "FRAUD", Inventory = "INVENTORY", Staff = "STAFF",
    }
);
open_enum!(
    /// `ReturnStatus`.
    ReturnStatus {
        Requested = "REQUESTED", Open = "OPEN", Closed = "CLOSED", Declined = "DECLINED", Canceled = "CANCELED",
    }
);
open_enum!(
    /// `ProductStatus`. Customers know of active products only.
    ProductStatus { Active = "ACTIVE", Archived = "ARCHIVED", Draft = "DRAFT", Unlisted = "UNLISTED" }
);

/// An order, as its owner may see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The store that it was read from; another's ends the turn.
    #[serde(skip, default = "StoreId::nowhere")]
    pub store: StoreId,
    pub id: Gid,
    pub number: OrderNumber,
    pub email: Option<Email>,
    pub customer: Option<CustomerId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub cancelled: Option<Cancelled>,
    /// No more work is to be done on it.
    pub closed: bool,
    pub financial: Option<FinancialStatus>,
    pub fulfillment: FulfillmentState,
    pub return_status: OrderReturnStatus,
    /// After discounts, before shipping and tax, with what was removed or refunded taken off.
    pub subtotal: Money,
    pub shipping: Money,
    pub tax: Money,
    pub discount: Money,
    pub discount_codes: Vec<String>,
    /// What the order costs now: `currentTotalPriceSet`.
    pub total: Money,
    /// What it cost when it was placed: `originalTotalPriceSet`.
    pub original_total: Money,
    pub refunded: Money,
    /// Still to be paid.
    pub outstanding: Money,
    /// How it was paid (`gift_card`, `shopify_payments`).
    pub gateways: Vec<String>,
    pub items: Vec<LineItem>,
    pub parcels: Vec<Parcel>,
    pub pending: Vec<PendingWork>,
    pub returns: Vec<Return>,
    pub refunds: Vec<Refund>,
    /// Every movement of its money, as the shop lists them. Records of earlier versions have none.
    #[serde(default)]
    pub payments: Vec<Payment>,
    pub shipping_address: Option<Address>,
    /// The name of the chosen delivery method (`Standard`).
    pub shipping_method: Option<String>,
    pub tags: Vec<String>,
    /// `statusPageUrl`: the order's own page. It needs level 2 access, so it may be absent.
    pub status_page: Option<String>,
}

/// What a claim opens of an order: status and tracking. No address, no items, no money, no other order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClaimedOrder {
    #[serde(skip, default = "StoreId::nowhere")]
    pub store: StoreId,
    pub number: OrderNumber,
    pub created_at: Timestamp,
    pub cancelled: Option<Cancelled>,
    pub fulfillment: FulfillmentState,
    pub parcels: Vec<Parcel>,
    pub pending: Vec<PendingWork>,
    pub shipping_method: Option<String>,
    /// Where it goes, as a country only: what delivery times depend on.
    pub country: Option<String>,
}

impl Order {
    /// The order without what a claim does not open. Parcels and pending work lose their items.
    pub fn as_claimed(&self) -> ClaimedOrder {
        ClaimedOrder {
            store: self.store.clone(),
            number: self.number.clone(),
            created_at: self.created_at,
            cancelled: self.cancelled.clone(),
            fulfillment: self.fulfillment.clone(),
            parcels: self.parcels.iter().map(|p| Parcel { items: Vec::new(), ..p.clone() }).collect(),
            pending: self.pending.iter().map(|p| PendingWork { items: Vec::new(), ..p.clone() }).collect(),
            shipping_method: self.shipping_method.clone(),
            country: self.shipping_address.as_ref().and_then(|a| a.country_code.clone()),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cancelled {
    pub at: Timestamp,
    pub reason: Option<CancelReason>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineItem {
    pub id: Gid,
    pub product: Option<Gid>,
    pub variant: Option<Gid>,
    pub title: String,
    /// `M / Olive`; absent for products with one variant.
    pub variant_title: Option<String>,
    pub sku: Option<String>,
    /// As ordered.
    pub quantity: u32,
    /// Less what was removed or refunded.
    pub current_quantity: u32,
    pub refundable_quantity: u32,
    /// Price of one, after the discounts on the line.
    pub unit_price: Money,
    /// Price of the line as ordered, after its discounts.
    pub total: Money,
    pub gift_card: bool,
    /// A carrier brings it: not a gift card, not a membership. Only such lines have a delivery.
    pub requires_shipping: bool,
    /// What the return rules look at.
    pub product_type: Option<String>,
    pub product_tags: Vec<String>,
    /// Handles of the product's collections.
    pub collections: Vec<String>,
    /// Custom attributes of the line: an engraving, a gift wrap.
    pub attributes: Vec<(String, String)>,
}

/// A fulfilment: what left, and where it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parcel {
    pub id: Gid,
    /// `#FV10234-F1`.
    pub name: String,
    pub status: Option<ParcelStatus>,
    pub created_at: Timestamp,
    pub in_transit_at: Option<Timestamp>,
    pub delivered_at: Option<Timestamp>,
    pub estimated_delivery_at: Option<Timestamp>,
    pub tracking: Vec<Tracking>,
    /// Newest first.
    pub events: Vec<ParcelEvent>,
    pub items: Vec<ParcelItem>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParcelItem {
    pub line: Gid,
    /// The fulfilment's own line, which a return request names.
    pub fulfillment_line: Gid,
    pub title: String,
    pub quantity: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracking {
    pub company: Option<String>,
    pub number: Option<String>,
    pub url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParcelEvent {
    pub status: ParcelEventStatus,
    pub at: Timestamp,
    /// The carrier's words ("Left with a neighbour").
    pub message: Option<String>,
    pub city: Option<String>,
    pub province: Option<String>,
    pub country: Option<String>,
}

/// A fulfilment order that is not done: what has not left yet, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PendingWork {
    pub id: Gid,
    pub status: FulfillmentOrderStatus,
    /// When a pre-order or a scheduled one is due.
    pub fulfill_at: Option<Timestamp>,
    pub holds: Vec<Hold>,
    pub items: Vec<PendingItem>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PendingItem {
    pub line: Gid,
    pub title: String,
    pub remaining: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    pub reason: HoldReason,
    /// For agents, not for customers.
    pub notes: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Return {
    pub id: Gid,
    /// `#FV10234-R1`.
    pub name: String,
    pub status: ReturnStatus,
    pub created_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    /// Why it was declined, as the merchant wrote it to the customer.
    pub decline_note: Option<String>,
    pub items: Vec<ReturnItem>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReturnItem {
    pub line: Option<Gid>,
    pub title: Option<String>,
    pub quantity: u32,
    pub refunded_quantity: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refund {
    pub id: Gid,
    pub created_at: Timestamp,
    pub total: Money,
    pub items: Vec<RefundItem>,
    /// Money on its way or arrived, by gateway.
    pub transactions: Vec<RefundTransaction>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefundItem {
    pub line: Gid,
    pub title: String,
    pub quantity: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefundTransaction {
    pub amount: Money,
    pub gateway: Option<String>,
    /// `SUCCESS`, `PENDING`, `FAILURE`, `ERROR`.
    pub status: String,
    pub processed_at: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub name: Option<String>,
    pub address1: Option<String>,
    pub address2: Option<String>,
    pub city: Option<String>,
    pub province_code: Option<String>,
    pub zip: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country_code: Option<String>,
    pub phone: Option<String>,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address")
    }
}

/// A customer with their history, for an agent's eyes and for rules; never said to anybody but themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Customer {
    #[serde(skip, default = "StoreId::nowhere")]
    pub store: StoreId,
    pub id: CustomerId,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<Email>,
    pub created_at: Timestamp,
    pub orders: u64,
    pub spent: Money,
    pub locale: Option<String>,
    pub tags: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Product {
    #[serde(skip, default = "StoreId::nowhere")]
    pub store: StoreId,
    pub id: Gid,
    pub handle: String,
    pub title: String,
    pub status: ProductStatus,
    pub product_type: Option<String>,
    pub vendor: Option<String>,
    pub tags: Vec<String>,
    pub collections: Vec<String>,
    /// Option names and their values, in the store's order.
    pub options: Vec<(String, Vec<String>)>,
    pub variants: Vec<Variant>,
    /// `custom.material`: value. Those that the store's settings name for size, material, care, compatibility.
    pub metafields: Vec<(String, String)>,
    pub url: Option<String>,
    pub updated_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    pub id: Gid,
    /// `M / Olive`, or `Default Title`.
    pub title: String,
    pub sku: Option<String>,
    /// Option name and value.
    pub options: Vec<(String, String)>,
    pub price: Money,
    pub compare_at: Option<Money>,
    /// Can be bought now.
    pub available: bool,
    /// Pieces on hand, where the store tracks them; may be negative.
    pub stock: Option<i64>,
    /// Sold on when the stock is at zero.
    pub oversell: bool,
}
