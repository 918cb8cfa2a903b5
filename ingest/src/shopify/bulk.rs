//! The whole catalogue at once: Shopify runs the query by itself and leaves a file, one JSON object a line. A variant or a
//! metafield names its product (`__parentId`) and may stand anywhere after it, between those of others. So the file goes
//! to disk, one pass notes where the lines of each product are, and a second reads product by product: what is held in
//! memory is sixteen bytes a line and one product.

use super::connection::Connection;
use super::documents::{ProductRecord, ShopDocument};
use super::error::{Deadline, ShopifyError};
use super::operations::{self, BULK_PRODUCTS, bulk_run, bulk_status};
use crate::document::SHOPIFY;
use crate::source::Failure;
use futures::StreamExt;
use serde::Deserialize;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::Duration;

/// Between two looks at how far it is; longer with each.
const POLL: Duration = Duration::from_millis(500);
const POLL_AT_MOST: Duration = Duration::from_secs(10);
/// No product's line is longer.
const LONGEST_LINE: u64 = 4 << 20;

/// The result of a bulk operation over all products, on disk. The file has no name and goes with the value.
#[derive(Debug)]
pub struct BulkProducts {
    file: File,
    products: Vec<Lines>,
    currency: String,
}

/// Where a product's own line is and where those of its children are.
#[derive(Debug, Default)]
struct Lines {
    own: Option<Span>,
    children: Vec<Span>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    at: u64,
    length: u32,
}

impl Connection {
    /// Runs the operation, waits for it, and fetches its file. `deadline` is for all of it: minutes, for a large shop.
    pub async fn bulk_products(&self, deadline: Deadline) -> Result<BulkProducts, ShopifyError> {
        let id = self.start_bulk(deadline).await?;
        self.finished_bulk(&id, deadline).await
    }

    /// Starts the operation: its id, by which its end can be waited for, also by another process.
    pub async fn start_bulk(&self, deadline: Deadline) -> Result<String, ShopifyError> {
        const OPERATION: &str = "BulkRun";
        let refused = |reason: String| ShopifyError::Refused { operation: OPERATION, reason };
        let variables = bulk_run::Variables { query: BULK_PRODUCTS.to_owned() };
        let run = self.client.write::<operations::BulkRun>(variables, deadline).await?;
        let run = run.bulk_operation_run_query.ok_or_else(|| refused("it started nothing".into()))?;
        if let Some(error) = run.user_errors.first() {
            return Err(refused(match error.code.as_deref() {
                Some("OPERATION_IN_PROGRESS" | "LIMIT_REACHED") => {
                    "another bulk operation of this app is running: try again when it has ended".into()
                }
                code => code.unwrap_or("no reason given").to_owned(),
            }));
        }
        Ok(run.bulk_operation.ok_or_else(|| refused("it started nothing".into()))?.id)
    }

    /// Waits for an operation that was started, and fetches its file.
    pub async fn finished_bulk(&self, id: &str, deadline: Deadline) -> Result<BulkProducts, ShopifyError> {
        let currency = self.shop(deadline).await?.currency.clone();
        let url = self.finished(id, deadline).await?;
        let file = match url {
            Some(url) => {
                let fetched = tokio::time::timeout_at(deadline.0, self.fetch(&url)).await;
                fetched.map_err(|_| ShopifyError::TimedOut)??
            }
            // A shop without products.
            None => tempfile::tempfile().map_err(|error| disk(&error))?,
        };
        let indexing = tokio::task::spawn_blocking(move || index(file)).await;
        let (file, products) =
            indexing.map_err(|_| ShopifyError::Failed("reading the file was interrupted".into()))??;
        Ok(BulkProducts { file, products, currency })
    }

    /// Waits for the end of the operation: the address of its file.
    async fn finished(&self, id: &str, deadline: Deadline) -> Result<Option<String>, ShopifyError> {
        use bulk_status::BulkOperationStatus as Status;
        const OPERATION: &str = "BulkStatus";
        let refused = |reason: &str| Err(ShopifyError::Refused { operation: OPERATION, reason: reason.to_owned() });
        let mut wait = POLL;
        loop {
            let variables = bulk_status::Variables { id: id.to_owned() };
            let data = self.client.read::<operations::BulkStatus>(variables, deadline).await?;
            let Some(bulk) = data.bulk_operation else { return refused("the bulk operation is not known any more") };
            match bulk.status {
                Status::COMPLETED => return Ok(bulk.url),
                Status::CREATED | Status::RUNNING => {}
                Status::FAILED => return refused("the bulk operation failed on Shopify's side: try again"),
                Status::CANCELED | Status::CANCELING => return refused("somebody cancelled the bulk operation"),
                Status::EXPIRED => return refused("the bulk operation has expired: run it again"),
                Status::Other(_) => return refused("the bulk operation is in a state that is not known here"),
            }
            deadline.wait(wait).await?;
            wait = (wait * 2).min(POLL_AT_MOST);
        }
    }

    async fn fetch(&self, url: &str) -> Result<File, ShopifyError> {
        let mut file = tempfile::tempfile().map_err(|error| disk(&error))?;
        let mut chunks = self.client.download(url).await?.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| ShopifyError::Failed("the file of the bulk operation broke off".into()))?;
            file.write_all(&chunk).map_err(|error| disk(&error))?;
        }
        Ok(file)
    }
}

fn disk(error: &io::Error) -> ShopifyError {
    ShopifyError::Failed(format!("the file of the bulk operation cannot be kept on disk ({})", error.kind()))
}

#[derive(Deserialize)]
struct Ids<'l> {
    id: &'l str,
    #[serde(rename = "__parentId")]
    parent: Option<&'l str>,
}

/// The first pass: products in the order of their own lines.
fn index(mut file: File) -> Result<(File, Vec<Lines>), ShopifyError> {
    let unreadable = |number: usize, why: &str| ShopifyError::Unreadable {
        operation: "BulkProducts",
        field: format!("line {number} of the file"),
        why: why.to_owned(),
    };
    file.seek(SeekFrom::Start(0)).map_err(|error| disk(&error))?;
    let mut reader = BufReader::new(&mut file);
    let mut products: Vec<Lines> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    let (mut at, mut number, mut line) = (0u64, 0usize, Vec::new());
    loop {
        line.clear();
        number += 1;
        let read = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(|error| disk(&error))?;
        if read == 0 {
            break;
        }
        if read as u64 == LONGEST_LINE {
            return Err(unreadable(number, "it is longer than any product"));
        }
        let span = Span { at, length: read as u32 };
        at += read as u64;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let ids: Ids<'_> =
            serde_json::from_slice(&line).map_err(|_| unreadable(number, "it is no object with an id"))?;
        let place = |id: &str, products: &mut Vec<Lines>, known: &mut HashMap<String, usize>| match known.get(id) {
            Some(place) => *place,
            None => {
                products.push(Lines::default());
                known.insert(id.to_owned(), products.len() - 1);
                products.len() - 1
            }
        };
        match ids.parent {
            None => {
                let place = place(ids.id, &mut products, &mut known);
                products[place].own = Some(span);
            }
            Some(parent) => {
                let place = place(parent, &mut products, &mut known);
                products[place].children.push(span);
            }
        }
    }
    drop(reader);
    Ok((file, products))
}

impl BulkProducts {
    /// How many products there are, whether customers may see them or not.
    pub fn len(&self) -> usize {
        self.products.len()
    }

    pub fn is_empty(&self) -> bool {
        self.products.is_empty()
    }

    /// One product after the other. One that cannot be read is a failure with its handle; the others go on.
    pub fn read_each(mut self, sink: &mut dyn FnMut(Result<ShopDocument, Failure>)) {
        for lines in std::mem::take(&mut self.products) {
            sink(self.product(&lines));
        }
    }

    fn product(&mut self, lines: &Lines) -> Result<ShopDocument, Failure> {
        let nameless = |reason: &str| failure("products", reason);
        let own = lines.own.ok_or_else(|| nameless("variants of a product that is not in the file: sync again"))?;
        let own = self.line(own).map_err(|error| nameless(&error.to_string()))?;
        let mut record: ProductRecord =
            serde_json::from_slice(&own).map_err(|_| nameless("a product lacks a field that was asked for"))?;
        let file = format!("products/{}", record.handle);
        for span in &lines.children {
            let line = self.line(*span).map_err(|error| failure(&file, &error.to_string()))?;
            let lacks = |_| failure(&file, "a variant or metafield lacks a field that was asked for");
            let Ids { id, .. } = serde_json::from_slice(&line).map_err(lacks)?;
            match id.strip_prefix("gid://shopify/").and_then(|rest| rest.split('/').next()) {
                Some("ProductVariant") => record.variants.push(serde_json::from_slice(&line).map_err(lacks)?),
                Some("Metafield") => record.metafields.push(serde_json::from_slice(&line).map_err(lacks)?),
                _ => return Err(failure(&file, "a row that is neither a variant nor a metafield")),
            }
        }
        record.document(&self.currency).map_err(|unread| failure(&file, &unread.of("BulkProducts").to_string()))
    }

    fn line(&mut self, span: Span) -> io::Result<Vec<u8>> {
        let mut line = vec![0; span.length as usize];
        self.file.seek(SeekFrom::Start(span.at))?;
        self.file.read_exact(&mut line)?;
        Ok(line)
    }
}

fn failure(file: &str, reason: &str) -> Failure {
    let file = format!("{SHOPIFY}{file}");
    Failure { path: PathBuf::from(&file), file, line: None, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(number: u32, status: &str) -> String {
        format!(
            r#"{{"id":"gid://shopify/Product/{number}","handle":"p{number}","title":"P{number}","descriptionHtml":"","status":"{status}","publishedAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","productType":"","vendor":"","tags":[],"options":[{{"name":"Size"}}]}}"#
        )
    }

    fn variant(number: u32, size: &str) -> String {
        format!(
            r#"{{"id":"gid://shopify/ProductVariant/{number}{}","sku":"{size}","selectedOptions":[{{"name":"Size","value":"{size}"}}],"price":"5.00","compareAtPrice":null,"__parentId":"gid://shopify/Product/{number}"}}"#,
            size.len()
        )
    }

    fn metafield(number: u32) -> String {
        format!(
            r#"{{"id":"gid://shopify/Metafield/{number}","namespace":"custom","key":"care","type":"single_line_text_field","value":"Wash","definition":null,"__parentId":"gid://shopify/Product/{number}"}}"#
        )
    }

    fn bulk(lines: &[String]) -> Result<BulkProducts, ShopifyError> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(lines.join("\n").as_bytes()).unwrap();
        index(file).map(|(file, products)| BulkProducts { file, products, currency: "USD".into() })
    }

    fn texts(bulk: BulkProducts) -> Vec<String> {
        let mut said = Vec::new();
        bulk.read_each(&mut |read| {
            said.push(match read {
                Ok(ShopDocument { document: Some(document), .. }) => format!("{}|{}", document.id.0, document.text()),
                Ok(ShopDocument { id, .. }) => format!("hidden {}", id.tail()),
                Err(failure) => format!("failed {}: {}", failure.file, failure.reason),
            });
        });
        said
    }

    #[test]
    fn children_may_stand_anywhere_and_products_keep_their_order() {
        let tidy = [
            product(2, "ACTIVE"),
            variant(2, "S"),
            variant(2, "XL"),
            metafield(2),
            product(1, "ACTIVE"),
            variant(1, "S"),
            product(3, "DRAFT"),
        ];
        let mixed = [
            product(2, "ACTIVE"),
            product(1, "ACTIVE"),
            metafield(2),
            variant(2, "S"),
            variant(1, "S"),
            product(3, "DRAFT"),
            variant(2, "XL"),
        ];
        let expect = texts(bulk(&tidy).unwrap());
        assert_eq!(expect.len(), 3);
        assert!(expect[0].starts_with("product:p2|") && expect[0].contains("Size: S, XL"), "{}", expect[0]);
        assert!(expect[0].contains("Care: Wash"), "{}", expect[0]);
        assert!(expect[1].starts_with("product:p1|"), "{}", expect[1]);
        assert_eq!(expect[2], "hidden 3");
        assert_eq!(texts(bulk(&mixed).unwrap()), expect);
    }

    #[test]
    fn what_is_broken_is_named_and_the_rest_goes_on() {
        let lost = product(4, "ACTIVE").replace("\"publishedAt\":\"2026-01-01T00:00:00Z\",", "");
        let said =
            texts(bulk(&[variant(9, "S"), lost, product(1, "ACTIVE"), variant(1, "S").replace("5.00", "x")]).unwrap());
        assert!(said[0].starts_with("failed shopify://products: variants of a product"), "{}", said[0]);
        assert!(said[1].contains("lacks a field"), "{}", said[1]);
        assert!(
            said[2].starts_with("failed shopify://products/p1") && said[2].contains("variants.price"),
            "{}",
            said[2]
        );
        // Half a line: the file was cut.
        let cut = bulk(&[product(1, "ACTIVE"), variant(1, "S")[..40].to_owned()]);
        assert!(matches!(&cut, Err(ShopifyError::Unreadable { field, .. }) if field.contains("line 2")), "{cut:?}");
    }
}
