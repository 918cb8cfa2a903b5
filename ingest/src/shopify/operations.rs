//! The operations as types. Each stands in a `.graphql` file; `schema.graphql` is the part of the Admin API that they
//! use, and whatever does not fit it does not compile. An enum that the engine knows is the engine's own, which keeps
//! values that came later; a scalar is a string until `decode` has read it.

use engine::live::{
    CancelReason, FinancialStatus, FulfillmentOrderStatus, FulfillmentState, HoldReason, OrderReturnStatus,
    ParcelEventStatus, ParcelStatus, ProductStatus, ReturnStatus, Wallet,
};
use graphql_client::GraphQLQuery;
use serde::Deserialize;

/// The version that is asked for. A test compares every operation with the official schema of this one and the next.
pub const API_VERSION: &str = "2026-07";

/// The part of the Admin API that is used, as SDL.
pub const SCHEMA: &str = include_str!("graphql/schema.graphql");

const ORDERS: &str = include_str!("graphql/orders.graphql");
const STORED_VALUE: &str = include_str!("graphql/stored_value.graphql");
const PRODUCTS: &str = include_str!("graphql/products.graphql");

/// Each operation by its name with the document that holds it.
pub const OPERATIONS: &[(&str, &str)] = &[
    ("OrdersOfCustomer", ORDERS),
    ("OrderByClaim", ORDERS),
    ("CustomerByKey", include_str!("graphql/customer_by_key.graphql")),
    ("GiftCardsOfCustomer", STORED_VALUE),
    ("StoreCreditOfCustomer", STORED_VALUE),
    ("ProductsByQuery", PRODUCTS),
    ("ProductsByIds", PRODUCTS),
    ("ProductVariants", PRODUCTS),
    ("ChangedProducts", include_str!("graphql/changed_products.graphql")),
    ("BulkProducts", BULK_PRODUCTS),
    ("BulkRun", include_str!("graphql/bulk_run.graphql")),
    ("BulkStatus", include_str!("graphql/bulk_status.graphql")),
    ("ShopInfo", include_str!("graphql/shop_info.graphql")),
    ("Policies", include_str!("graphql/policies.graphql")),
    ("Pages", include_str!("graphql/pages.graphql")),
    ("Articles", include_str!("graphql/articles.graphql")),
    ("WebhookSubscriptions", include_str!("graphql/webhook_subscriptions.graphql")),
    ("WebhookSubscriptionCreate", include_str!("graphql/webhook_subscription_create.graphql")),
    ("WebhookSubscriptionDelete", include_str!("graphql/webhook_subscription_delete.graphql")),
    ("ReturnRequest", include_str!("graphql/return_request.graphql")),
    ("OrderCancel", include_str!("graphql/order_cancel.graphql")),
    ("OrderUpdate", include_str!("graphql/order_update.graphql")),
    ("OrderPayments", include_str!("graphql/order_payments.graphql")),
    ("OrderState", include_str!("graphql/order_state.graphql")),
    ("OrderNames", include_str!("graphql/order_names.graphql")),
    ("RefundCreate", include_str!("graphql/refund_create.graphql")),
];

/// What [`BulkRun`] is handed.
pub(super) const BULK_PRODUCTS: &str = include_str!("graphql/bulk_products.graphql");

type Date = String;
type DateTime = String;
type Decimal = String;
#[expect(clippy::upper_case_acronyms, reason = "Shopify's name of the scalar")]
type HTML = String;
type Money = String;
#[expect(clippy::upper_case_acronyms, reason = "Shopify's name of the scalar")]
type URL = String;
type UnsignedInt64 = String;
type CountryCode = String;
type CurrencyCode = String;
type BulkOperationUserErrorCode = String;
type OrderCancelUserErrorCode = String;
type ReturnErrorCode = String;
type ShopPolicyType = String;
type OrderTransactionStatus = String;
type WebhookSubscriptionTopic = String;
type DigitalWallet = Wallet;
type FulfillmentDisplayStatus = ParcelStatus;
type FulfillmentEventStatus = ParcelEventStatus;
type FulfillmentHoldReason = HoldReason;
type OrderCancelReason = CancelReason;
type OrderDisplayFinancialStatus = FinancialStatus;
type OrderDisplayFulfillmentStatus = FulfillmentState;

/// One struct for each operation. The list of enums that are not generated is the same everywhere.
macro_rules! operations {
    ($($name:ident in $file:tt $(as $response:tt)?;)+) => {$(
        #[derive(GraphQLQuery)]
        #[graphql(
            schema_path = "src/shopify/graphql/schema.graphql",
            query_path = $file,
            $(response_type = $response,)?
            response_derives = "Debug, Clone, PartialEq",
            variables_derives = "Debug, Clone, PartialEq",
            skip_serializing_none,
            fragments_other_variant = "true",
            extern_enums(
                "BulkOperationUserErrorCode", "CountryCode", "CurrencyCode", "DigitalWallet", "FulfillmentDisplayStatus",
                "FulfillmentEventStatus", "FulfillmentHoldReason", "FulfillmentOrderStatus", "OrderCancelReason",
                "OrderCancelUserErrorCode", "OrderDisplayFinancialStatus", "OrderDisplayFulfillmentStatus",
                "OrderReturnStatus", "OrderTransactionStatus", "ProductStatus", "ReturnErrorCode", "ReturnStatus",
                "ShopPolicyType", "WebhookSubscriptionTopic"
            )
        )]
        pub struct $name;
    )+};
}

operations! {
    OrdersOfCustomer in "src/shopify/graphql/orders.graphql";
    OrderByClaim in "src/shopify/graphql/orders.graphql";
    CustomerByKey in "src/shopify/graphql/customer_by_key.graphql";
    GiftCardsOfCustomer in "src/shopify/graphql/stored_value.graphql";
    StoreCreditOfCustomer in "src/shopify/graphql/stored_value.graphql";
    ProductsByQuery in "src/shopify/graphql/products.graphql";
    ProductsByIds in "src/shopify/graphql/products.graphql" as "products_by_query::ProductFields";
    ProductVariants in "src/shopify/graphql/products.graphql" as "MoreVariants";
    ChangedProducts in "src/shopify/graphql/changed_products.graphql";
    BulkRun in "src/shopify/graphql/bulk_run.graphql";
    BulkStatus in "src/shopify/graphql/bulk_status.graphql";
    ShopInfo in "src/shopify/graphql/shop_info.graphql";
    Policies in "src/shopify/graphql/policies.graphql";
    Pages in "src/shopify/graphql/pages.graphql";
    Articles in "src/shopify/graphql/articles.graphql";
    WebhookSubscriptions in "src/shopify/graphql/webhook_subscriptions.graphql";
    WebhookSubscriptionCreate in "src/shopify/graphql/webhook_subscription_create.graphql";
    WebhookSubscriptionDelete in "src/shopify/graphql/webhook_subscription_delete.graphql";
    ReturnRequest in "src/shopify/graphql/return_request.graphql";
    OrderCancel in "src/shopify/graphql/order_cancel.graphql";
    OrderUpdate in "src/shopify/graphql/order_update.graphql";
    OrderPayments in "src/shopify/graphql/order_payments.graphql";
    OrderState in "src/shopify/graphql/order_state.graphql";
    OrderNames in "src/shopify/graphql/order_names.graphql";
    RefundCreate in "src/shopify/graphql/refund_create.graphql";
}

/// The same fragment in another operation is the same type, so that it is decoded once.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct MoreVariants {
    pub variants: products_by_query::VariantPage,
}
