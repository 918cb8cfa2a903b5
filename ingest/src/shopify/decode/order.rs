use super::parcel::{of_claim, of_order};
use super::payment::payments;
use super::{Unread, count, filled, maybe_time, money, time, whole};
use crate::shopify::operations::order_by_claim::OrderByClaimOrdersNodes;
use crate::shopify::operations::orders_of_customer as wire;
use engine::access::StoreId;
use engine::identity::{CustomerId, Email, OrderNumber};
use engine::live::{
    Address, CancelReason, Cancelled, ClaimedOrder, Gid, LineItem, Money, Order, Parcel, ParcelItem, PendingItem,
    PendingWork, Refund, RefundItem, RefundTransaction, Return, ReturnItem,
};

type Node = wire::OrdersOfCustomerOrdersNodes;
type Line = wire::OrdersOfCustomerOrdersNodesLineItemsNodes;
type Fulfillment = wire::OrdersOfCustomerOrdersNodesFulfillments;
type Work = wire::OrdersOfCustomerOrdersNodesFulfillmentOrdersNodes;
type ReturnNode = wire::OrdersOfCustomerOrdersNodesReturnsNodes;
type ReturnedLine = wire::OrdersOfCustomerOrdersNodesReturnsNodesReturnLineItemsNodes;
type ReturnedKind = wire::OrdersOfCustomerOrdersNodesReturnsNodesReturnLineItemsNodesOn;
type RefundNode = wire::OrdersOfCustomerOrdersNodesRefunds;

/// `parts` is how many fulfilments were asked for, `most_payments` how many transactions: those lists do not say whether
/// there are more.
pub(crate) fn order(store: &StoreId, o: Node, parts: usize, most_payments: usize) -> Result<Order, Unread> {
    whole("lineItems", o.line_items.page_info.has_next_page)?;
    whole("fulfillments", o.fulfillments.len() >= parts)?;
    whole("fulfillmentOrders", o.fulfillment_orders.page_info.has_next_page)?;
    whole("returns", o.returns.page_info.has_next_page)?;
    whole("transactions", o.transactions.len() >= most_payments)?;
    Ok(Order {
        store: store.clone(),
        number: number(&o.name)?,
        // An address that is not plain ASCII is nobody's proof, and is not kept.
        email: o.email.as_deref().and_then(|email| Email::parse(email).ok()),
        customer: customer_id(o.customer.map(|c| c.id))?,
        created_at: time("createdAt", &o.created_at)?,
        updated_at: time("updatedAt", &o.updated_at)?,
        cancelled: cancelled(o.cancelled_at.as_ref(), o.cancel_reason)?,
        closed: o.closed,
        financial: o.display_financial_status,
        fulfillment: o.display_fulfillment_status,
        return_status: o.return_status,
        subtotal: paid("currentSubtotalPriceSet", &o.current_subtotal_price_set)?,
        shipping: paid("currentShippingPriceSet", &o.current_shipping_price_set)?,
        tax: paid("currentTotalTaxSet", &o.current_total_tax_set)?,
        discount: paid("currentTotalDiscountsSet", &o.current_total_discounts_set)?,
        discount_codes: o.discount_codes,
        total: paid("currentTotalPriceSet", &o.current_total_price_set)?,
        original_total: paid("originalTotalPriceSet", &o.original_total_price_set)?,
        refunded: paid("totalRefundedSet", &o.total_refunded_set)?,
        outstanding: paid("totalOutstandingSet", &o.total_outstanding_set)?,
        gateways: o.payment_gateway_names,
        items: o.line_items.nodes.into_iter().map(line).collect::<Result<_, _>>()?,
        parcels: o.fulfillments.into_iter().map(parcel).collect::<Result<_, _>>()?,
        pending: o
            .fulfillment_orders
            .nodes
            .into_iter()
            .filter_map(|w| pending(w).transpose())
            .collect::<Result<_, _>>()?,
        returns: o.returns.nodes.into_iter().map(returned).collect::<Result<_, _>>()?,
        refunds: o.refunds.into_iter().map(refund).collect::<Result<_, _>>()?,
        payments: payments(o.transactions)?,
        shipping_address: o.shipping_address.map(|a| Address {
            name: filled(a.name),
            address1: filled(a.address1),
            address2: filled(a.address2),
            city: filled(a.city),
            province_code: filled(a.province_code),
            zip: filled(a.zip),
            country_code: a.country_code_v2,
            phone: filled(a.phone),
        }),
        shipping_method: o.shipping_line.map(|line| line.title),
        tags: o.tags,
        status_page: Some(o.status_page_url),
        id: Gid(o.id),
    })
}

/// What a claim opens.
pub(crate) fn claimed(store: &StoreId, o: OrderByClaimOrdersNodes, parts: usize) -> Result<ClaimedOrder, Unread> {
    whole("fulfillments", o.fulfillments.len() >= parts)?;
    whole("fulfillmentOrders", o.fulfillment_orders.page_info.has_next_page)?;
    let pending = o.fulfillment_orders.nodes.into_iter().filter_map(|w| of_claim::pending(w).transpose());
    let mut claimed = ClaimedOrder {
        store: store.clone(),
        number: number(&o.name)?,
        created_at: time("createdAt", &o.created_at)?,
        cancelled: cancelled(o.cancelled_at.as_ref(), o.cancel_reason)?,
        fulfillment: o.display_fulfillment_status,
        parcels: o.fulfillments.into_iter().map(of_claim::parcel).collect::<Result<_, _>>()?,
        pending: pending.collect::<Result<_, _>>()?,
        shipping_method: o.shipping_line.map(|line| line.title),
        country: o.shipping_address.and_then(|a| a.country_code_v2),
    };
    // Notes are the merchant's own, and a claim proves little.
    for hold in claimed.pending.iter_mut().flat_map(|work| &mut work.holds) {
        hold.notes = None;
    }
    Ok(claimed)
}

fn number(name: &str) -> Result<OrderNumber, Unread> {
    OrderNumber::parse(name).ok_or(Unread::Bad { field: "name", why: "it is no order number" })
}

fn customer_id(id: Option<String>) -> Result<Option<CustomerId>, Unread> {
    let parse = |id: String| CustomerId::parse(Gid(id).tail());
    id.map(|id| parse(id).ok_or(Unread::Bad { field: "customer.id", why: "it is no customer's id" })).transpose()
}

fn cancelled(at: Option<&String>, reason: Option<CancelReason>) -> Result<Option<Cancelled>, Unread> {
    Ok(maybe_time("cancelledAt", at)?.map(|at| Cancelled { at, reason }))
}

fn paid(field: &'static str, set: &wire::MoneyFields) -> Result<Money, Unread> {
    money(field, &set.presentment_money.amount, &set.presentment_money.currency_code)
}

fn line(l: Line) -> Result<LineItem, Unread> {
    let product = l.product;
    if let Some(product) = &product {
        whole("lineItems.product.collections", product.collections.page_info.has_next_page)?;
    }
    let attributes = l.custom_attributes.into_iter().filter_map(|a| Some((a.key, filled(a.value)?)));
    Ok(LineItem {
        id: Gid(l.id),
        product: product.as_ref().map(|p| Gid(p.id.clone())),
        variant: l.variant.map(|v| Gid(v.id)),
        title: l.title,
        // How Shopify writes that there is nothing to choose.
        variant_title: filled(l.variant_title).filter(|title| title != "Default Title"),
        sku: filled(l.sku),
        quantity: count("lineItems.quantity", l.quantity)?,
        current_quantity: count("lineItems.currentQuantity", l.current_quantity)?,
        refundable_quantity: count("lineItems.refundableQuantity", l.refundable_quantity)?,
        unit_price: paid("lineItems.discountedUnitPriceSet", &l.discounted_unit_price_set)?,
        total: paid("lineItems.discountedTotalSet", &l.discounted_total_set)?,
        gift_card: l.is_gift_card,
        requires_shipping: l.requires_shipping,
        product_type: product.as_ref().and_then(|p| filled(Some(p.product_type.clone()))),
        product_tags: product.as_ref().map(|p| p.tags.clone()).unwrap_or_default(),
        collections: product.map(|p| p.collections.nodes.into_iter().map(|c| c.handle).collect()).unwrap_or_default(),
        attributes: attributes.collect(),
    })
}

fn parcel(f: Fulfillment) -> Result<Parcel, Unread> {
    whole("fulfillments.fulfillmentLineItems", f.fulfillment_line_items.page_info.has_next_page)?;
    let item = |i: wire::OrdersOfCustomerOrdersNodesFulfillmentsFulfillmentLineItemsNodes| {
        let field = "fulfillments.fulfillmentLineItems.quantity";
        let quantity = i.quantity.ok_or(Unread::Bad { field, why: "it is empty" })?;
        Ok(ParcelItem {
            line: Gid(i.line_item.id),
            fulfillment_line: Gid(i.id),
            title: i.line_item.title,
            quantity: count(field, quantity)?,
        })
    };
    let items = f.fulfillment_line_items.nodes.into_iter().map(item).collect::<Result<_, Unread>>()?;
    Ok(Parcel { items, ..of_order::parcel(f.parcel_fields)? })
}

fn pending(w: Work) -> Result<Option<PendingWork>, Unread> {
    let Some(work) = of_order::pending(w.pending_fields)? else { return Ok(None) };
    whole("fulfillmentOrders.lineItems", w.line_items.page_info.has_next_page)?;
    let item = |i: wire::OrdersOfCustomerOrdersNodesFulfillmentOrdersNodesLineItemsNodes| {
        Ok(PendingItem {
            line: Gid(i.line_item.id),
            title: i.line_item.title,
            remaining: count("fulfillmentOrders.lineItems.remainingQuantity", i.remaining_quantity)?,
        })
    };
    let items = w.line_items.nodes.into_iter().map(item).collect::<Result<_, Unread>>()?;
    Ok(Some(PendingWork { items, ..work }))
}

fn returned(r: ReturnNode) -> Result<Return, Unread> {
    whole("returns.returnLineItems", r.return_line_items.page_info.has_next_page)?;
    let item = |i: ReturnedLine| {
        let line = match i.on {
            ReturnedKind::ReturnLineItem(known) => Some(known.fulfillment_line_item.line_item),
            // A return without an order's line behind it.
            ReturnedKind::UnverifiedReturnLineItem | ReturnedKind::Unknown => None,
        };
        Ok(ReturnItem {
            title: line.as_ref().map(|line| line.title.clone()),
            line: line.map(|line| Gid(line.id)),
            quantity: count("returns.returnLineItems.quantity", i.quantity)?,
            refunded_quantity: count("returns.returnLineItems.refundedQuantity", i.refunded_quantity)?,
        })
    };
    Ok(Return {
        id: Gid(r.id),
        name: r.name,
        status: r.status,
        created_at: time("returns.createdAt", &r.created_at)?,
        closed_at: maybe_time("returns.closedAt", r.closed_at.as_ref())?,
        decline_note: r.decline.and_then(|decline| filled(decline.note)),
        items: r.return_line_items.nodes.into_iter().map(item).collect::<Result<_, Unread>>()?,
    })
}

fn refund(r: RefundNode) -> Result<Refund, Unread> {
    whole("refunds.refundLineItems", r.refund_line_items.page_info.has_next_page)?;
    whole("refunds.transactions", r.transactions.page_info.has_next_page)?;
    let item = |i: wire::OrdersOfCustomerOrdersNodesRefundsRefundLineItemsNodes| {
        Ok(RefundItem {
            line: Gid(i.line_item.id),
            title: i.line_item.title,
            quantity: count("refunds.refundLineItems.quantity", i.quantity)?,
        })
    };
    let transaction = |t: wire::OrdersOfCustomerOrdersNodesRefundsTransactionsNodes| {
        Ok(RefundTransaction {
            amount: paid("refunds.transactions.amountSet", &t.amount_set)?,
            gateway: filled(t.gateway),
            status: t.status,
            processed_at: maybe_time("refunds.transactions.processedAt", t.processed_at.as_ref())?,
        })
    };
    Ok(Refund {
        id: Gid(r.id),
        created_at: time("refunds.processedAt", &r.processed_at)?,
        total: paid("refunds.totalRefundedSet", &r.total_refunded_set)?,
        items: r.refund_line_items.nodes.into_iter().map(item).collect::<Result<_, Unread>>()?,
        transactions: r.transactions.nodes.into_iter().map(transaction).collect::<Result<_, Unread>>()?,
    })
}
