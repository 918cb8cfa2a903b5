//! The text of a `query` argument, as Shopify documents it (shopify.dev/docs/api/usage/search-syntax): terms, `AND` by
//! default, `OR`, `NOT` or `-`, `field:value`, comparators, quotes, a `*` at the end, parentheses, backslash escapes.
//!
//! Text that was not escaped can add terms of its own, as it can there: that is what a client has to be tested against.

mod fields;
mod parse;

pub(super) use fields::Search;
pub(super) use parse::{Comparator, Expression, Term, parse};

#[cfg(test)]
mod tests;
