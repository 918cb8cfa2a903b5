//! An order before an action is sent: whether it is still what it was, and whether it shows what an action does.

use super::connection::Connection;
use super::decode::Unread;
use super::error::{Deadline, ShopifyError};
use super::operations::{self, order_state};
use engine::live::{Action, Address, Gid, Money};
use jiff::Timestamp;

/// What is compared of an order. No text of it is ever printed.
#[derive(Clone, PartialEq)]
pub struct OrderState {
    pub updated_at: Timestamp,
    pub cancelled: bool,
    address: Option<Address>,
    /// When each return was made, and of which fulfilment lines how many.
    returns: Vec<(Timestamp, Vec<(String, i64)>)>,
    /// When each refund was made, its amount, and of which lines how many.
    refunds: Vec<(Timestamp, Money, Vec<(String, i64)>)>,
}

const OPERATION: &str = "OrderState";

impl Connection {
    /// `None` for an order that is not there.
    pub async fn order_state(&self, order: &Gid, deadline: Deadline) -> Result<Option<OrderState>, ShopifyError> {
        let variables = order_state::Variables { id: order.0.clone() };
        let data = self.client.read::<operations::OrderState>(variables, deadline).await?;
        data.order.map(|order| OrderState::of(order).map_err(|unread| unread.of(OPERATION))).transpose()
    }
}

impl OrderState {
    fn of(order: order_state::OrderStateOrder) -> Result<Self, Unread> {
        use order_state::OrderStateOrderReturnsNodesReturnLineItemsNodesOn::ReturnLineItem;
        let returned = |node: order_state::OrderStateOrderReturnsNodes| {
            let lines = node.return_line_items.nodes.into_iter().filter_map(|line| match line.on {
                ReturnLineItem(item) => Some((item.fulfillment_line_item.id, line.quantity)),
                _ => None,
            });
            Ok((time("returns.createdAt", &node.created_at)?, sorted(lines)))
        };
        let refunded = |refund: order_state::OrderStateOrderRefunds| {
            let money = refund.total_refunded_set.presentment_money;
            let total = Money::parse(&money.amount, &money.currency_code);
            let total = total.map_err(|_| Unread::Bad { field: "refunds.totalRefundedSet", why: "it is no amount" })?;
            let lines = refund.refund_line_items.nodes.into_iter().map(|line| (line.line_item.id, line.quantity));
            Ok((time("refunds.processedAt", &refund.processed_at)?, total, sorted(lines)))
        };
        Ok(Self {
            updated_at: time("updatedAt", &order.updated_at)?,
            cancelled: order.cancelled_at.is_some(),
            address: order.shipping_address.map(|a| Address {
                name: a.name,
                address1: a.address1,
                address2: a.address2,
                city: a.city,
                province_code: a.province_code,
                zip: a.zip,
                country_code: a.country_code_v2,
                phone: a.phone,
            }),
            returns: order.returns.nodes.into_iter().map(returned).collect::<Result<_, _>>()?,
            refunds: order.refunds.into_iter().map(refunded).collect::<Result<_, _>>()?,
        })
    }

    /// Whether the order shows what the action does, done later than `since`.
    pub fn shows(&self, action: &Action, since: Timestamp) -> bool {
        match action {
            Action::Cancel { .. } => self.cancelled,
            Action::ChangeAddress { address, .. } => {
                self.address.as_ref().is_some_and(|has| comparable(has) == comparable(address))
            }
            Action::RequestReturn { lines, .. } => {
                let wanted =
                    sorted(lines.iter().map(|line| (line.fulfillment_line.0.clone(), i64::from(line.quantity))));
                self.returns.iter().any(|(made, lines)| *made > since && *lines == wanted)
            }
            Action::Refund { lines, amount, .. } => {
                let wanted = sorted(lines.iter().map(|line| (line.line.0.clone(), i64::from(line.quantity))));
                self.refunds.iter().any(|(made, total, lines)| *made > since && total == amount && *lines == wanted)
            }
        }
    }
}

/// An empty line of an address is none.
fn comparable(address: &Address) -> [String; 8] {
    let Address { name, address1, address2, city, province_code, zip, country_code, phone } = address;
    [name, address1, address2, city, province_code, zip, country_code, phone]
        .map(|part| part.as_deref().unwrap_or_default().trim().to_owned())
}

fn sorted(lines: impl Iterator<Item = (String, i64)>) -> Vec<(String, i64)> {
    let mut lines: Vec<(String, i64)> = lines.collect();
    lines.sort();
    lines
}

fn time(field: &'static str, text: &str) -> Result<Timestamp, Unread> {
    text.parse().map_err(|_| Unread::Bad { field, why: "it is no time" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::live::action::{RefundLine, ReturnLine};

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    #[test]
    fn only_what_was_done_since_and_is_the_same_is_shown() {
        let eur = |amount: &str| Money::parse(amount, "EUR").unwrap();
        let gid = |id: &str| Gid(id.into());
        let state = OrderState {
            updated_at: at(5),
            cancelled: false,
            address: None,
            returns: vec![(at(1), vec![("f1".into(), 1)]), (at(4), vec![("f1".into(), 1), ("f2".into(), 2)])],
            refunds: vec![(at(4), eur("49.00"), vec![("l1".into(), 1)])],
        };
        let returning = |lines: &[(&str, u32)]| Action::RequestReturn {
            order: gid("o"),
            lines: lines
                .iter()
                .map(|(line, quantity)| ReturnLine {
                    fulfillment_line: gid(line),
                    quantity: *quantity,
                    note: String::new(),
                })
                .collect(),
        };
        let refund = |amount: &str| Action::Refund {
            order: gid("o"),
            lines: vec![RefundLine { line: gid("l1"), quantity: 1 }],
            shipping: None,
            amount: eur(amount),
            note: String::new(),
        };
        for (action, since, expect) in [
            (returning(&[("f1", 1)]), at(0), true),
            (returning(&[("f1", 1)]), at(2), false),
            (returning(&[("f2", 2), ("f1", 1)]), at(2), true),
            (returning(&[("f2", 2)]), at(2), false),
            (refund("49.00"), at(3), true),
            (refund("49.00"), at(4), false),
            (refund("48.00"), at(3), false),
        ] {
            assert_eq!(state.shows(&action, since), expect, "{action:?} {since}");
        }
    }
}
