use super::{Unread, filled, money, whole};
use crate::shopify::operations::gift_cards_of_customer::GiftCardsOfCustomerGiftCards as Cards;
use crate::shopify::operations::store_credit_of_customer::StoreCreditOfCustomerCustomerByIdentifier as Holder;
use engine::live::{GiftCard, LastFour, Money};

pub(crate) fn gift_cards(cards: Cards) -> Result<Vec<GiftCard>, Unread> {
    whole("giftCards", cards.page_info.has_next_page)?;
    let one = |card: crate::shopify::operations::gift_cards_of_customer::GiftCardsOfCustomerGiftCardsNodes| {
        let day =
            |text: String| text.parse().map_err(|_| Unread::Bad { field: "giftCards.expiresOn", why: "it is no day" });
        Ok(GiftCard {
            last: LastFour::of(&card.last_characters),
            balance: money("giftCards.balance", &card.balance.amount, &card.balance.currency_code)?,
            enabled: card.enabled,
            expires_on: filled(card.expires_on).map(day).transpose()?,
        })
    };
    cards.nodes.into_iter().map(one).collect()
}

/// The balance of each account.
pub(crate) fn store_credit(holder: Holder) -> Result<Vec<Money>, Unread> {
    whole("storeCreditAccounts", holder.store_credit_accounts.page_info.has_next_page)?;
    let balance = |amount: &str, currency: &str| money("storeCreditAccounts.balance", amount, currency);
    let accounts = holder.store_credit_accounts.nodes.into_iter();
    accounts.map(|account| balance(&account.balance.amount, &account.balance.currency_code)).collect()
}
