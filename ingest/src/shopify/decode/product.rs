use super::{Unread, filled, money, time, whole};
use crate::shopify::operations::products_by_query::{ProductFields, VariantPageNodes};
use engine::access::StoreId;
use engine::live::{Gid, Product, Variant};

/// All variants of a product: the first page and what was read after it.
pub(crate) type Variants = Vec<VariantPageNodes>;

/// `currency` is the shop's: prices of variants name none.
pub(crate) fn product(
    store: &StoreId,
    p: ProductFields,
    variants: Variants,
    currency: &str,
) -> Result<Product, Unread> {
    whole("collections", p.collections.page_info.has_next_page)?;
    whole("metafields", p.metafields.page_info.has_next_page)?;
    let metafields = p.metafields.nodes.into_iter().map(|m| (format!("{}.{}", m.namespace, m.key), m.value));
    Ok(Product {
        store: store.clone(),
        id: Gid(p.id),
        handle: p.handle,
        title: p.title,
        status: p.status,
        product_type: filled(Some(p.product_type)),
        vendor: filled(Some(p.vendor)),
        tags: p.tags,
        collections: p.collections.nodes.into_iter().map(|c| c.handle).collect(),
        options: p.options.into_iter().map(|o| (o.name, o.values)).collect(),
        variants: variants.into_iter().map(|v| variant(v, currency)).collect::<Result<_, _>>()?,
        metafields: metafields.collect(),
        url: filled(p.online_store_url),
        updated_at: time("updatedAt", &p.updated_at)?,
    })
}

fn variant(v: VariantPageNodes, currency: &str) -> Result<Variant, Unread> {
    use crate::shopify::operations::products_by_query::ProductVariantInventoryPolicy as Policy;
    let compare_at = v.compare_at_price.as_deref().map(|price| money("variants.compareAtPrice", price, currency));
    Ok(Variant {
        id: Gid(v.id),
        title: v.title,
        sku: filled(v.sku),
        options: v.selected_options.into_iter().map(|o| (o.name, o.value)).collect(),
        price: money("variants.price", &v.price, currency)?,
        compare_at: compare_at.transpose()?.filter(|price| !price.is_zero()),
        available: v.available_for_sale,
        stock: v.inventory_quantity.filter(|_| v.inventory_item.tracked),
        oversell: match v.inventory_policy {
            Policy::CONTINUE => true,
            Policy::DENY => false,
            Policy::Other(_) => return Err(Unread::Bad { field: "variants.inventoryPolicy", why: "it is not known" }),
        },
    })
}
