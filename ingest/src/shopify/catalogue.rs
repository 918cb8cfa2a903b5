//! Products: by what a customer says of them, by their ids, and those that changed.

use super::connection::Connection;
use super::decode::{self, Unread, Variants};
use super::documents::{ProductRecord, ShopDocument};
use super::error::{Deadline, ShopifyError};
use super::operations::products_by_query::{ProductFields, VariantPage};
use super::operations::{self, changed_products, product_variants, products_by_ids, products_by_query};
use super::search;
use engine::access::StoreId;
use engine::live::{Gid, Product, ProductStatus};
use engine::ports::ProductsWanted;
use jiff::Timestamp;

/// Products that one answer can hold.
const FOUND: usize = 10;
/// Variants that come with a product; the others follow in pages.
const VARIANTS: i64 = 100;
const MORE_VARIANTS: i64 = 250;
/// Shopify's own limit.
const MOST_VARIANTS: usize = 2048;
/// Of a customer's sentence.
const WORDS: usize = 8;

/// Products that customers may see, best match first.
pub(super) async fn find(
    connection: &Connection,
    store: &StoreId,
    wanted: ProductsWanted<'_>,
    deadline: Deadline,
) -> Result<Vec<Product>, ShopifyError> {
    let active = search::id("status", "active");
    let (queries, first) = match wanted {
        ProductsWanted::Handles([]) => return Ok(Vec::new()),
        ProductsWanted::Handles(handles) => {
            let any: Vec<String> = handles.iter().map(|handle| search::field("handle", handle)).collect();
            (vec![search::all(&[search::any(&any), active])], handles.len().clamp(1, 50))
        }
        ProductsWanted::Words(words) => {
            let terms: Vec<String> = words_of(words).iter().map(|word| term(word)).collect();
            if terms.is_empty() {
                return Ok(Vec::new());
            }
            // All words first; where nothing has them all, any of them.
            let all = search::all(&[search::all(&terms), active.clone()]);
            let any = search::all(&[search::any(&terms), active]);
            (if terms.len() > 1 { vec![all, any] } else { vec![all] }, FOUND)
        }
    };
    let currency = connection.shop(deadline).await?.currency.clone();
    for query in queries {
        let variables = products_by_query::Variables {
            query,
            first: first as i64,
            variants: VARIANTS,
            metafields: connection.wanted_metafields(),
        };
        let data = connection.client.read::<operations::ProductsByQuery>(variables, deadline).await?;
        let mut found = Vec::new();
        for fields in data.products.nodes.into_iter().filter(is_visible) {
            let (fields, variants) = with_all_variants(connection, fields, deadline).await?;
            let product = decode::product(store, fields, variants, &currency);
            found.push(product.map_err(|unread| unread.of("ProductsByQuery"))?);
        }
        match wanted {
            ProductsWanted::Handles(handles) => {
                found.retain(|product| handles.contains(&product.handle));
                found.sort_by_key(|product| handles.iter().position(|handle| *handle == product.handle));
            }
            ProductsWanted::Words(words) => rank(&mut found, &words_of(words)),
        }
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// Drafts, archived and unlisted products are none of a customer's business, nor are those that are not published.
fn is_visible(fields: &ProductFields) -> bool {
    fields.status == ProductStatus::Active && fields.published_at.is_some()
}

/// The words that can name a product: at most eight, each once.
fn words_of(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric() && c != '-').map(str::to_lowercase) {
        let word = word.trim_matches('-').to_owned();
        if word.chars().count() > 1 && !words.contains(&word) && words.len() < WORDS {
            words.push(word);
        }
    }
    words
}

/// One word, anywhere; one with a digit may be a SKU.
fn term(word: &str) -> String {
    if word.bytes().any(|b| b.is_ascii_digit()) {
        search::any(&[search::quoted(word), search::field("sku", word)])
    } else {
        search::quoted(word)
    }
}

/// By how many of the words stand in title, type, tags or SKUs; Shopify's order where it is the same.
fn rank(found: &mut Vec<Product>, words: &[String]) {
    let score = |product: &Product| {
        let title = product.title.to_lowercase();
        let rest = [product.product_type.clone().unwrap_or_default(), product.tags.join(" ")].join(" ").to_lowercase();
        let sku = |word: &str| {
            product.variants.iter().any(|v| v.sku.as_deref().is_some_and(|sku| sku.eq_ignore_ascii_case(word)))
        };
        let of = |word: &String| {
            if sku(word) {
                8
            } else if title.contains(word.as_str()) {
                4
            } else if rest.contains(word.as_str()) {
                1
            } else {
                0
            }
        };
        words.iter().map(of).sum::<u32>()
    };
    found.sort_by_key(|product| std::cmp::Reverse(score(product)));
}

/// The product's own page of variants, completed.
async fn with_all_variants(
    connection: &Connection,
    fields: ProductFields,
    deadline: Deadline,
) -> Result<(ProductFields, Variants), ShopifyError> {
    let VariantPage { nodes: mut variants, mut page_info } = fields.variants.clone();
    while page_info.has_next_page {
        if variants.len() > MOST_VARIANTS {
            return Err(Unread::More("variants").of("ProductVariants"));
        }
        let variables = product_variants::Variables {
            id: fields.id.clone(),
            variants: MORE_VARIANTS,
            after: page_info.end_cursor.take(),
        };
        let data = connection.client.read::<operations::ProductVariants>(variables, deadline).await?;
        let gone = Unread::Bad { field: "product", why: "it went while its variants were read" };
        let page = data.product.ok_or_else(|| gone.of("ProductVariants"))?.variants;
        variants.extend(page.nodes);
        page_info = page.page_info;
    }
    Ok((fields, variants))
}

/// A product that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangedProduct {
    pub id: Gid,
    pub handle: String,
    pub status: ProductStatus,
    pub updated_at: Timestamp,
}

/// Products in one request for documents: each may bring a hundred variants.
const AT_ONCE: usize = 10;

impl Connection {
    /// The products for the index, in the order of the ids; `None` for one that was deleted.
    pub async fn products_by_ids(
        &self,
        ids: &[Gid],
        deadline: Deadline,
    ) -> Result<Vec<(Gid, Option<ShopDocument>)>, ShopifyError> {
        const OPERATION: &str = "ProductsByIds";
        let shop = self.shop(deadline).await?;
        let mut documents = Vec::with_capacity(ids.len());
        for some in ids.chunks(AT_ONCE) {
            let variables = products_by_ids::Variables {
                ids: some.iter().map(|id| id.0.clone()).collect(),
                variants: VARIANTS,
                metafields: None,
            };
            let data = self.client.read::<operations::ProductsByIds>(variables, deadline).await?;
            if data.nodes.len() != some.len() {
                let fewer = Unread::Bad { field: "nodes", why: "there are not as many as were asked for" };
                return Err(fewer.of(OPERATION));
            }
            for (id, node) in some.iter().zip(data.nodes) {
                let document = match node {
                    None => None,
                    Some(fields) => {
                        let (fields, variants) = with_all_variants(self, fields, deadline).await?;
                        let record = ProductRecord::of(fields, variants).map_err(|unread| unread.of(OPERATION))?;
                        Some(record.document(&shop.currency).map_err(|unread| unread.of(OPERATION))?)
                    }
                };
                documents.push((id.clone(), document));
            }
        }
        Ok(documents)
    }

    /// Everything that changed at that time or later, oldest change first, whatever its status; without a time, all
    /// products.
    pub async fn changed_products(
        &self,
        since: Option<Timestamp>,
        deadline: Deadline,
    ) -> Result<Vec<ChangedProduct>, ShopifyError> {
        let (mut changed, mut after) = (Vec::new(), None);
        loop {
            let variables = changed_products::Variables {
                query: since.map(search::updated_since),
                first: 250,
                after: after.take(),
            };
            let data = self.client.read::<operations::ChangedProducts>(variables, deadline).await?;
            for node in data.products.nodes {
                let updated_at = node
                    .updated_at
                    .parse()
                    .map_err(|_| Unread::Bad { field: "updatedAt", why: "it is no time" }.of("ChangedProducts"))?;
                changed.push(ChangedProduct { id: Gid(node.id), handle: node.handle, status: node.status, updated_at });
            }
            after = data.products.page_info.end_cursor;
            if !data.products.page_info.has_next_page || after.is_none() {
                return Ok(changed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_can_name_a_product() {
        for (text, expect) in [
            ("Is the Stormfjell jacket in XL?", &["is", "the", "stormfjell", "jacket", "in", "xl"][..]),
            ("FV-STO3SJM-XS-MOSS", &["fv-sto3sjm-xs-moss"]),
            ("a \" OR tag:vip", &["or", "tag", "vip"]),
            ("- -- !", &[]),
        ] {
            assert_eq!(words_of(text), expect, "{text}");
        }
        assert_eq!(term("jacket"), "\"jacket\"");
        assert_eq!(term("fv-3l"), "(\"fv-3l\" OR sku:\"fv-3l\")");
    }
}
