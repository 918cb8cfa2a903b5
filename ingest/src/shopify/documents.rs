//! What the shop says in prose, as documents for the index: products, pages, articles, policies. A product read here and
//! the same product read from Shopify's CSV export are the same document.

use super::connection::Connection;
use super::decode::{Unread, Variants};
use super::error::{Deadline, ShopifyError};
use super::operations::products_by_query::ProductFields;
use super::operations::{self, articles, pages, policies};
use super::search;
use crate::document::{Document, SHOPIFY};
use crate::source::lines::one_line;
use crate::source::money::Amount;
use crate::source::page::take_title;
use crate::source::product::{Product, Variant};
use crate::source::{Currency, front_matter, html};
use engine::evidence::SourceKind;
use engine::live::{Gid, ProductStatus};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

/// An object of the shop, for the index.
#[derive(Clone, Debug, PartialEq)]
pub struct ShopDocument {
    pub id: Gid,
    pub updated_at: Timestamp,
    /// Absent where customers may not see it (a draft, an archived or unpublished one) or where it says nothing.
    pub document: Option<Document>,
}

/// A product, from a bulk operation or from an answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProductRecord {
    pub id: String,
    pub handle: String,
    title: String,
    description_html: String,
    status: ProductStatus,
    #[serde(deserialize_with = "present")]
    published_at: Option<String>,
    updated_at: String,
    product_type: String,
    vendor: String,
    tags: Vec<String>,
    options: Vec<OptionRecord>,
    #[serde(skip)]
    pub metafields: Vec<MetafieldRecord>,
    #[serde(skip)]
    pub variants: Vec<VariantRecord>,
}

#[derive(Clone, Debug, Deserialize)]
struct OptionRecord {
    name: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct MetafieldRecord {
    namespace: String,
    key: String,
    value: String,
    #[serde(deserialize_with = "present")]
    definition: Option<OptionRecord>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VariantRecord {
    #[serde(deserialize_with = "present")]
    sku: Option<String>,
    selected_options: Vec<SelectedRecord>,
    price: String,
    #[serde(deserialize_with = "present")]
    compare_at_price: Option<String>,
}

/// `null` is none; a key that is missing is an error, as [`super::shape`] says for answers.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(value)
}

#[derive(Clone, Debug, Deserialize)]
struct SelectedRecord {
    name: String,
    value: String,
}

impl ProductRecord {
    pub(super) fn of(fields: ProductFields, variants: Variants) -> Result<Self, Unread> {
        if fields.metafields.page_info.has_next_page {
            return Err(Unread::More("metafields"));
        }
        let metafields = fields.metafields.nodes.into_iter().map(|m| MetafieldRecord {
            namespace: m.namespace,
            key: m.key,
            value: m.value,
            definition: m.definition.map(|d| OptionRecord { name: d.name }),
        });
        let variants = variants.into_iter().map(|v| VariantRecord {
            sku: v.sku,
            selected_options: v
                .selected_options
                .into_iter()
                .map(|o| SelectedRecord { name: o.name, value: o.value })
                .collect(),
            price: v.price,
            compare_at_price: v.compare_at_price,
        });
        Ok(Self {
            id: fields.id,
            handle: fields.handle,
            title: fields.title,
            description_html: fields.description_html,
            status: fields.status,
            published_at: fields.published_at,
            updated_at: fields.updated_at,
            product_type: fields.product_type,
            vendor: fields.vendor,
            tags: fields.tags,
            options: fields.options.into_iter().map(|o| OptionRecord { name: o.name }).collect(),
            metafields: metafields.collect(),
            variants: variants.collect(),
        })
    }

    /// As the reader of the CSV export makes it: the same id, the same text, drafts and unpublished ones left out.
    pub(super) fn document(self, currency: &str) -> Result<ShopDocument, Unread> {
        let updated_at = time(&self.updated_at)?;
        let (id, handle) = (Gid(self.id.clone()), self.handle.clone());
        if self.status != ProductStatus::Active || self.published_at.is_none() {
            return Ok(ShopDocument { id, updated_at, document: None });
        }
        let currency: Currency =
            currency.parse().map_err(|_| Unread::Bad { field: "shop.currencyCode", why: "it is no currency" })?;
        let mut document = self.product()?.document(&currency);
        document.file = format!("{SHOPIFY}products/{handle}");
        Ok(ShopDocument { id, updated_at, document: Some(document) })
    }

    fn product(self) -> Result<Product, Unread> {
        let mut options: Vec<String> = self.options.iter().map(|o| one_line(&o.name)).collect();
        // How Shopify writes that there is nothing to choose.
        let is_default = |v: &VariantRecord| v.selected_options.first().is_some_and(|o| o.value == "Default Title");
        if options == ["Title"] && self.variants.first().is_some_and(is_default) {
            options.clear();
        }
        let variant = |v: VariantRecord| {
            let value = |option: &String| {
                let selected = v.selected_options.iter().find(|o| one_line(&o.name) == *option);
                selected.map(|o| one_line(&o.value)).unwrap_or_default()
            };
            let amount = |field, text: &str| Amount::parse(text).ok_or(Unread::Bad { field, why: "it is no amount" });
            let compare_at = v.compare_at_price.as_deref().map(|text| amount("variants.compareAtPrice", text));
            Ok(Variant {
                values: options.iter().map(value).collect(),
                price: Some(amount("variants.price", &v.price)?),
                compare_at: compare_at.transpose()?.filter(|before| Some(*before) != Amount::parse("0")),
                sku: one_line(&v.sku.unwrap_or_default()),
                markets: Vec::new(),
            })
        };
        let variants = self.variants.into_iter().map(variant).collect::<Result<_, Unread>>()?;
        Ok(Product {
            handle: self.handle,
            title: one_line(&self.title),
            body_html: self.description_html,
            vendor: one_line(&self.vendor),
            product_type: one_line(&self.product_type),
            tags: front_matter::tags(&self.tags.join(",")),
            facts: self.metafields.into_iter().filter_map(MetafieldRecord::fact).collect(),
            options,
            variants,
        })
    }
}

impl MetafieldRecord {
    /// What the merchant wrote for people: fields that have a definition, or stand in the namespace for own ones.
    /// References and structures say nothing, and what apps keep for themselves is none of a customer's business.
    fn fact(self) -> Option<(String, String)> {
        let name = match self.definition {
            Some(definition) => one_line(&definition.name),
            None if self.namespace == "custom" => {
                let spaced = self.key.replace(['_', '-'], " ");
                let mut letters = spaced.chars();
                letters.next().map(|first| first.to_uppercase().chain(letters).collect())?
            }
            None => return None,
        };
        let value = one_line(&self.value);
        let says = !value.is_empty() && !value.starts_with("gid://") && !value.starts_with(['{', '[']);
        says.then_some((name, value))
    }
}

fn time(text: &str) -> Result<Timestamp, Unread> {
    text.parse().map_err(|_| Unread::Bad { field: "updatedAt", why: "it is no time" })
}

/// A page, article or policy.
struct Prose {
    id: String,
    updated_at: String,
    /// Of the document, and under `shopify://`.
    name: String,
    url: String,
    title: String,
    body: String,
    tags: Vec<String>,
    published: bool,
}

impl Prose {
    fn document(self) -> Result<ShopDocument, Unread> {
        let (id, updated_at) = (Gid(self.id), time(&self.updated_at)?);
        if !self.published {
            return Ok(ShopDocument { id, updated_at, document: None });
        }
        let mut document = Document::new(self.name.clone(), SourceKind::Policy, String::new());
        document.blocks = html::parse(&self.body).blocks;
        let title = Some(one_line(&self.title)).filter(|title| !title.is_empty());
        document.title = take_title(&mut document.blocks, title).unwrap_or_else(|| self.name.clone());
        document.file = format!("{SHOPIFY}{}", self.name);
        document.url = Some(self.url);
        document.tags = front_matter::tags(&self.tags.join(","));
        let says = !document.text().trim().is_empty();
        Ok(ShopDocument { id, updated_at, document: says.then_some(document) })
    }
}

/// Bodies are long: so many at once.
const AT_ONCE: i64 = 50;

impl Connection {
    /// Pages that changed at that time or later, oldest change first; without a time, all.
    pub async fn pages(&self, since: Option<Timestamp>, deadline: Deadline) -> Result<Vec<ShopDocument>, ShopifyError> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let variables =
                pages::Variables { query: since.map(search::updated_since), first: AT_ONCE, after: after.take() };
            let data = self.client.read::<operations::Pages>(variables, deadline).await?.pages;
            for p in data.nodes {
                let prose = Prose {
                    id: p.id,
                    updated_at: p.updated_at,
                    name: format!("pages/{}", p.handle),
                    url: format!("/pages/{}", p.handle),
                    title: p.title,
                    body: p.body,
                    tags: Vec::new(),
                    published: p.is_published,
                };
                found.push(prose.document().map_err(|unread| unread.of("Pages"))?);
            }
            after = data.page_info.end_cursor;
            if !data.page_info.has_next_page || after.is_none() {
                return Ok(found);
            }
        }
    }

    /// Articles of all blogs, as [`Self::pages`].
    pub async fn articles(
        &self,
        since: Option<Timestamp>,
        deadline: Deadline,
    ) -> Result<Vec<ShopDocument>, ShopifyError> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let variables =
                articles::Variables { query: since.map(search::updated_since), first: AT_ONCE, after: after.take() };
            let data = self.client.read::<operations::Articles>(variables, deadline).await?.articles;
            for a in data.nodes {
                let name = format!("blogs/{}/{}", a.blog.handle, a.handle);
                let unread = Unread::Bad { field: "updatedAt", why: "it is empty" };
                let prose = Prose {
                    id: a.id,
                    updated_at: a.updated_at.ok_or_else(|| unread.of("Articles"))?,
                    url: format!("/{name}"),
                    name,
                    title: a.title,
                    body: a.body,
                    tags: a.tags,
                    published: a.is_published,
                };
                found.push(prose.document().map_err(|unread| unread.of("Articles"))?);
            }
            after = data.page_info.end_cursor;
            if !data.page_info.has_next_page || after.is_none() {
                return Ok(found);
            }
        }
    }

    /// All policies that the shop has filled in. They have no webhook and no filter: compare `updated_at`.
    pub async fn policies(&self, deadline: Deadline) -> Result<Vec<ShopDocument>, ShopifyError> {
        let data = self.client.read::<operations::Policies>(policies::Variables, deadline).await?;
        let document = |p: policies::PoliciesShopShopPolicies| {
            let name = format!("policies/{}", p.type_.to_lowercase().replace('_', "-"));
            let (tags, published) = (Vec::new(), true);
            let (id, updated_at, url, title, body) = (p.id, p.updated_at, p.url, p.title, p.body);
            Prose { id, updated_at, name, url, title, body, tags, published }.document()
        };
        let found = data.shop.shop_policies.into_iter().map(document).collect::<Result<_, _>>();
        found.map_err(|unread| unread.of("Policies"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn product(own: serde_json::Value) -> ProductRecord {
        let mut record = json!({
            "id": "gid://shopify/Product/1", "handle": "vest", "title": "Down  Vest", "status": "ACTIVE",
            "descriptionHtml": "<p>Warm.</p>", "publishedAt": "2026-01-01T00:00:00Z",
            "updatedAt": "2026-11-01T13:30:00Z", "productType": "Vests", "vendor": "Fjell", "tags": ["Men", "down"],
            "options": [{"name": "Size"}],
        });
        record.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        let mut record: ProductRecord = serde_json::from_value(record).unwrap();
        let variant = |size: &str, price: &str, before: Option<&str>| VariantRecord {
            sku: Some(format!("V-{size}")),
            selected_options: vec![SelectedRecord { name: "Size".into(), value: size.into() }],
            price: price.into(),
            compare_at_price: before.map(str::to_owned),
        };
        record.variants = vec![variant("S", "80.00", Some("100.0")), variant("M", "84.00", Some("0.00"))];
        let metafield = |namespace: &str, key: &str, value: &str, name: Option<&str>| MetafieldRecord {
            namespace: namespace.into(),
            key: key.into(),
            value: value.into(),
            definition: name.map(|name| OptionRecord { name: name.into() }),
        };
        record.metafields = vec![
            metafield("custom", "care_label", "Wash cold", None),
            metafield("specs", "fill", "650 cuin", Some("Fill power")),
            metafield("app--1", "score", "17", None),
            metafield("custom", "related", "[\"gid://shopify/Product/2\"]", Some("Related")),
        ];
        record
    }

    /// The same product through the reader of the CSV export.
    #[test]
    fn a_product_and_its_csv_row_are_one_document() {
        let header = "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,\
                      Variant Price,Variant Compare At Price,Status,Care label (product.metafields.custom.care_label),\
                      Fill power (product.metafields.specs.fill)";
        let rows = "vest,Down  Vest,<p>Warm.</p>,Fjell,Vests,\"Men, down\",true,Size,S,V-S,80.00,100.0,active,Wash cold,\
                    650 cuin\nvest,,,,,,,,M,V-M,84.00,,,,";
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("products.csv");
        std::fs::write(&file, format!("{header}\n{rows}\n")).unwrap();
        let read = crate::source::read_all(&[file], &crate::source::ReadOptions::default());
        assert!(read.failures.is_empty(), "{:?}", read.failures);
        let mut of_csv = read.documents.into_iter().next().unwrap();
        of_csv.file = "shopify://products/vest".into();
        let found = product(json!({})).document("USD").unwrap();
        assert_eq!(found.id, Gid("gid://shopify/Product/1".into()));
        assert_eq!(found.document, Some(of_csv));
    }

    #[test]
    fn what_customers_may_not_see_is_no_document() {
        for own in [
            json!({"status": "DRAFT"}),
            json!({"status": "ARCHIVED"}),
            json!({"status": "UNLISTED"}),
            json!({"status": "SOMETHING_NEW"}),
            json!({"publishedAt": null}),
        ] {
            assert_eq!(product(own.clone()).document("USD").unwrap().document, None, "{own}");
        }
        let mut priceless = product(json!({}));
        priceless.variants[0].price = "free".into();
        assert_eq!(priceless.document("USD"), Err(Unread::Bad { field: "variants.price", why: "it is no amount" }));
    }

    #[test]
    fn prose_becomes_a_document_with_its_address() {
        let page = |body: &str, published| Prose {
            id: "gid://shopify/Page/1".into(),
            updated_at: "2026-11-01T13:30:00Z".into(),
            name: "pages/contact".into(),
            url: "/pages/contact".into(),
            title: "Contact".into(),
            body: body.into(),
            tags: vec!["Help".into()],
            published,
        };
        let shown = page("<h1>Contact</h1><p>Write to us.</p>", true).document().unwrap().document.unwrap();
        assert_eq!((shown.title.as_str(), shown.text().as_str()), ("Contact", "Write to us."));
        assert_eq!((shown.id.0.as_str(), shown.url.as_deref()), ("pages/contact", Some("/pages/contact")));
        assert_eq!((shown.file.as_str(), shown.tags.as_slice()), ("shopify://pages/contact", &["help".to_owned()][..]));
        assert_eq!(page("<p>Write to us.</p>", false).document().unwrap().document, None);
        assert_eq!(page("<script>x</script>", true).document().unwrap().document, None);
    }
}
