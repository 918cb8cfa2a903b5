//! Who is told of what.

use super::{Done, user_error};
use crate::sandbox::world::{World, iso, text, type_of};
use jiff::Timestamp;
use serde_json::{Value, json};

pub fn create(world: &mut World, now: Timestamp, args: &Value) -> Done {
    let input = &args["webhookSubscription"];
    let (topic, uri) = (args["topic"].as_str().unwrap_or_default(), input["uri"].as_str().unwrap_or_default());
    // Shopify takes https only; here the receiver may be a test on this machine.
    if !(uri.starts_with("https://") || uri.starts_with("http://")) {
        return Done::refused(
            "userErrors",
            &[user_error(&["webhookSubscription", "uri"], "INVALID", "Address is invalid")],
        );
    }
    let same = |id: &&String| {
        let subscription = world.get(id);
        subscription.is_some_and(|s| text(s, "topic") == Some(topic) && text(s, "uri") == Some(uri))
    };
    if world.all("WebhookSubscription").iter().any(|id| same(&id)) {
        let message = "Address for this topic has already been taken";
        return Done::refused("userErrors", &[user_error(&["webhookSubscription", "uri"], "TAKEN", message)]);
    }
    let gid = world.new_id("WebhookSubscription");
    let made = json!({"id": gid, "topic": topic, "uri": uri, "format": "JSON", "createdAt": iso(now)});
    world.put(&gid, made.as_object().cloned().unwrap_or_default());
    Done { payload: json!({"webhookSubscription": gid, "userErrors": []}), subject: Some(gid), webhooks: Vec::new() }
}

pub fn delete(world: &mut World, args: &Value) -> Done {
    let gid = args["id"].as_str().unwrap_or_default();
    if type_of(gid) != "WebhookSubscription" || !world.remove(gid) {
        return Done::refused("userErrors", &[user_error(&["id"], "NOT_FOUND", "Webhook subscription does not exist")]);
    }
    Done {
        payload: json!({"deletedWebhookSubscriptionId": gid, "userErrors": []}),
        subject: Some(gid.to_owned()),
        webhooks: Vec::new(),
    }
}
