//! Shopify's product CSV, read row by row: the old and the new names of its columns, several rows for one product.

use super::Reading;
use super::limits::unreadable;
use super::lines::one_line;
use super::money::Amount;
use super::product::{Product, Variant};
use std::fs::File;

pub(crate) fn read(reading: &mut Reading<'_, '_>) {
    let file = match File::open(reading.path) {
        Ok(file) => file,
        Err(error) => return reading.fail(None, unreadable(&error)),
    };
    let mut rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(file);
    let mut header = csv::ByteRecord::new();
    match rows.read_byte_record(&mut header) {
        Ok(true) => {}
        Ok(false) => return reading.fail(None, "the file is empty: export the products again"),
        Err(error) => return reading.fail(None, format!("could not be read ({error}): export the products again")),
    }
    let columns = match Columns::of(&header) {
        Ok(columns) => columns,
        Err(reason) => return reading.fail(Some(1), reason),
    };
    let mut open = Open::None;
    let mut row = csv::ByteRecord::new();
    loop {
        match rows.read_byte_record(&mut row) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                reading.fail(None, format!("could not be read to its end ({error}): export the products again"));
                break;
            }
        }
        let line = row.position().map_or(0, csv::Position::line) as usize;
        if row.iter().all(|field| field.iter().all(u8::is_ascii_whitespace)) {
            continue;
        }
        let fields = match fields(&row, header.len(), reading.options().limits.row) {
            Ok(fields) => fields,
            Err(reason) => {
                let handle =
                    columns.handle.and_then(|i| row.get(i)).map(|h| String::from_utf8_lossy(h).trim().to_owned());
                // What is read of this product would lack a variant: better nothing than half.
                open.close_unless(handle.as_deref(), reading, &columns);
                open = Open::Broken(handle.unwrap_or_default());
                reading.fail(Some(line), reason);
                continue;
            }
        };
        take(&fields, line, &columns, &mut open, reading);
    }
    open.close(reading, &columns);
}

/// The product whose rows are being read.
enum Open {
    None,
    Read {
        product: Box<Product>,
        line: usize,
        status: &'static str,
    },
    /// One of its rows could not be read.
    Broken(String),
}

impl Open {
    fn handle(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::Read { product, .. } => Some(&product.handle),
            Self::Broken(handle) => Some(handle),
        }
    }

    fn close_unless(&mut self, handle: Option<&str>, reading: &mut Reading<'_, '_>, columns: &Columns) {
        if self.handle() != handle {
            std::mem::replace(self, Self::None).close(reading, columns);
        }
    }

    fn close(self, reading: &mut Reading<'_, '_>, columns: &Columns) {
        let Self::Read { product, line, status } = self else { return };
        if !status.is_empty() {
            reading.skip(status);
        } else if product.title.is_empty() {
            let reason = format!(
                "the product '{}' has no '{}': fill it in on its first row",
                product.handle, columns.title_name
            );
            reading.fail(Some(line), reason);
        } else {
            let document = product.document(&reading.options().currency);
            reading.document(document, Some(line));
        }
    }
}

/// One row into the product it belongs to: its first row, a variant, or nothing but a picture.
fn take(fields: &[&str], line: usize, columns: &Columns, open: &mut Open, reading: &mut Reading<'_, '_>) {
    let get = |column: Option<usize>| column.and_then(|i| fields.get(i)).map_or("", |f| f.trim());
    let handle = get(columns.handle);
    if handle.is_empty() {
        let reason = format!(
            "the row has no '{}': fill it in, as it says which product the row belongs to",
            columns.handle_name
        );
        return reading.fail(Some(line), reason);
    }
    if open.handle() != Some(handle) {
        std::mem::replace(open, Open::None).close(reading, columns);
        let mut product = Product { handle: handle.to_owned(), ..Product::default() };
        product.title = one_line(get(columns.title));
        product.body_html = get(columns.body).to_owned();
        product.vendor = one_line(get(columns.vendor));
        product.product_type = one_line(get(columns.product_type));
        product.tags = super::front_matter::tags(get(columns.tags));
        for (name, column) in &columns.own {
            let value = one_line(get(Some(*column)));
            if !value.is_empty() && !value.starts_with("gid://") && !value.starts_with(['{', '[']) {
                product.facts.push((name.clone(), value));
            }
        }
        let status = match (get(columns.status).to_lowercase().as_str(), get(columns.published).to_lowercase().as_str())
        {
            ("draft", _) => "products that are drafts",
            ("archived", _) => "products that are archived",
            (_, "false") => "products that are not published",
            _ => "",
        };
        *open = Open::Read { product: Box::new(product), line, status };
    }
    let Open::Read { product, .. } = open else { return };
    let values: Vec<String> = columns.option_values.iter().map(|c| one_line(get(*c))).collect();
    let (sku, price) = (one_line(get(columns.sku)), get(columns.price));
    if values.iter().all(String::is_empty) && sku.is_empty() && price.is_empty() {
        return;
    }
    if product.options.is_empty() {
        let names = columns.option_names.iter().map(|c| one_line(get(*c)));
        product.options = names.take_while(|name| !name.is_empty()).collect();
        // How Shopify writes that there is nothing to choose.
        if product.options == ["Title"] && values.first().is_some_and(|v| v == "Default Title") {
            product.options.clear();
        }
    }
    let amount = |text: &str| Amount::parse(text);
    if !price.is_empty() && amount(price).is_none() {
        let reason = format!("the price '{price}' is no amount: write it as 129.00; the product was not read");
        *open = Open::Broken(handle.to_owned());
        return reading.fail(Some(line), reason);
    }
    let options = product.options.len();
    product.variants.push(Variant {
        values: values.into_iter().take(options).collect(),
        sku,
        price: amount(price),
        compare_at: amount(get(columns.compare_at)).filter(|a| Some(*a) != Amount::parse("0")),
        markets: columns.markets.iter().filter_map(|(m, c)| Some((m.clone(), amount(get(Some(*c)))?))).collect(),
    });
}

fn fields<'r>(row: &'r csv::ByteRecord, columns: usize, limit: usize) -> Result<Vec<&'r str>, String> {
    if row.as_slice().len() > limit {
        return Err(format!(
            "the row has {} KB: a quote (\") is opened here and not closed; close it, or export the products again",
            row.as_slice().len() >> 10
        ));
    }
    if row.len() != columns {
        return Err(format!(
            "the row has {} fields, the header has {columns}: look for a quote (\") that is not doubled or not closed \
             on this line or the one before; the product was not read",
            row.len()
        ));
    }
    let utf8 = |(i, field): (usize, &'r [u8])| {
        std::str::from_utf8(field)
            .map_err(|_| format!("column {} is not UTF-8: save the file with the encoding UTF-8", i + 1))
    };
    row.iter().enumerate().map(utf8).collect()
}

/// Where each field stands; columns that nothing is known about are not read.
#[derive(Default)]
struct Columns {
    handle: Option<usize>,
    handle_name: &'static str,
    title: Option<usize>,
    title_name: &'static str,
    body: Option<usize>,
    vendor: Option<usize>,
    product_type: Option<usize>,
    tags: Option<usize>,
    published: Option<usize>,
    status: Option<usize>,
    option_names: [Option<usize>; 3],
    option_values: [Option<usize>; 3],
    sku: Option<usize>,
    price: Option<usize>,
    compare_at: Option<usize>,
    /// `Price / Canada`, by the market's name.
    markets: Vec<(String, usize)>,
    /// `Fabric (product.metafields.custom.fabric)`, by its name.
    own: Vec<(String, usize)>,
}

impl Columns {
    fn of(header: &csv::ByteRecord) -> Result<Self, String> {
        let names: Vec<String> = header
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim_start_matches('\u{feff}').trim().to_owned())
            .collect();
        if let [only] = names.as_slice()
            && let Some(separator) = [(';', "semicolons"), ('\t', "tabs")].iter().find(|(c, _)| only.contains(*c))
        {
            return Err(format!(
                "its columns are separated by {}, as a spreadsheet program saves them: export the products from Shopify \
                 again, or save the file as CSV with commas",
                separator.1
            ));
        }
        let lower: Vec<String> = names.iter().map(|n| n.to_lowercase()).collect();
        let find = |aliases: &[&str]| aliases.iter().find_map(|alias| lower.iter().position(|n| n == alias));
        let mut columns = Self {
            handle: find(&["handle", "url handle"]),
            handle_name: if find(&["handle"]).is_some() { "Handle" } else { "URL handle" },
            title: find(&["title"]),
            title_name: "Title",
            body: find(&["body (html)", "body html", "body", "description"]),
            vendor: find(&["vendor"]),
            product_type: find(&["type", "product type", "custom product type", "standard product type"]),
            tags: find(&["tags"]),
            published: find(&["published", "published on online store"]),
            status: find(&["status"]),
            option_names: [1, 2, 3].map(|i| find(&[&format!("option{i} name")])),
            option_values: [1, 2, 3].map(|i| find(&[&format!("option{i} value")])),
            sku: find(&["variant sku", "sku"]),
            price: find(&["variant price", "price"]),
            compare_at: find(&["variant compare at price", "compare-at price", "compare at price"]),
            ..Self::default()
        };
        for (i, name) in names.iter().enumerate() {
            if let Some(market) = name.strip_prefix("Price / ") {
                columns.markets.push((market.to_owned(), i));
            } else if let Some((own, _)) = name.split_once(" (product.metafields.") {
                columns.own.push((own.to_owned(), i));
            }
        }
        if columns.handle.is_none() {
            return Err("it is no product CSV of Shopify: it has no column 'Handle' or 'URL handle'; \
                        bring other tables as pages"
                .into());
        }
        if columns.title.is_none() {
            return Err("it has no column 'Title': export the products again with all columns".into());
        }
        Ok(columns)
    }
}
