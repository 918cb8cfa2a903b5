//! Parcels and pending work, which two operations select through the same fragments: the generated types differ by
//! module only.

macro_rules! parcels {
    ($module:ident) => {
        use crate::shopify::decode::{Unread, filled, maybe_time, time};
        use crate::shopify::operations::$module::{ParcelFields, PendingFields};
        use engine::live::{Gid, Hold, Parcel, ParcelEvent, PendingWork, Tracking};

        /// Without its items.
        pub(in crate::shopify::decode) fn parcel(p: ParcelFields) -> Result<Parcel, Unread> {
            let tracking = p.tracking_info.into_iter().map(|t| Tracking {
                company: filled(t.company),
                number: filled(t.number),
                url: filled(t.url),
            });
            let events = p.events.nodes.into_iter().map(|e| {
                Ok(ParcelEvent {
                    at: time("fulfillments.events.happenedAt", &e.happened_at)?,
                    status: e.status,
                    message: filled(e.message),
                    city: filled(e.city),
                    province: filled(e.province),
                    country: filled(e.country),
                })
            });
            let mut events = events.collect::<Result<Vec<_>, Unread>>()?;
            events.sort_by(|a, b| b.at.cmp(&a.at));
            Ok(Parcel {
                id: Gid(p.id),
                name: p.name,
                status: p.display_status,
                created_at: time("fulfillments.createdAt", &p.created_at)?,
                in_transit_at: maybe_time("fulfillments.inTransitAt", p.in_transit_at.as_ref())?,
                delivered_at: maybe_time("fulfillments.deliveredAt", p.delivered_at.as_ref())?,
                estimated_delivery_at: maybe_time(
                    "fulfillments.estimatedDeliveryAt",
                    p.estimated_delivery_at.as_ref(),
                )?,
                tracking: tracking.collect(),
                events,
                items: Vec::new(),
            })
        }

        /// Without its items; `None` for work that is done or given up.
        pub(in crate::shopify::decode) fn pending(p: PendingFields) -> Result<Option<PendingWork>, Unread> {
            use engine::live::FulfillmentOrderStatus as Status;
            match p.status {
                Status::Closed | Status::Cancelled => return Ok(None),
                Status::Open
                | Status::InProgress
                | Status::Scheduled
                | Status::OnHold
                | Status::Incomplete
                | Status::Other(_) => {}
            }
            let holds = p.fulfillment_holds.into_iter();
            Ok(Some(PendingWork {
                id: Gid(p.id),
                status: p.status,
                fulfill_at: maybe_time("fulfillmentOrders.fulfillAt", p.fulfill_at.as_ref())?,
                holds: holds.map(|h| Hold { reason: h.reason, notes: filled(h.reason_notes) }).collect(),
                items: Vec::new(),
            }))
        }
    };
}

pub(super) mod of_order {
    parcels!(orders_of_customer);
}

pub(super) mod of_claim {
    parcels!(order_by_claim);
}
