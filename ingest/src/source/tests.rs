//! Whole files and folders, as a sync reads them.

use super::{ReadOptions, Sources, read_all};
use crate::document::Block;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of files, by name and content.
fn read(files: &[(&str, &str)]) -> (tempfile::TempDir, Sources) {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let read = read_all(&[folder.path().to_path_buf()], &ReadOptions::default());
    (folder, read)
}

fn ids(read: &Sources) -> Vec<&str> {
    read.documents.iter().map(|d| d.id.0.as_str()).collect()
}

/// Failures as `file:line reason`, each cut to what `expect` says of it.
fn check_failures(read: &Sources, expect: &[(&str, Option<usize>, &str)]) {
    let found: Vec<_> = read.failures.iter().map(|f| (f.file.as_str(), f.line, f.reason.as_str())).collect();
    assert_eq!(found.len(), expect.len(), "{found:#?}");
    for ((file, line, reason), (expect_file, expect_line, hint)) in found.iter().zip(expect) {
        assert_eq!((file, line), (expect_file, expect_line), "{reason}");
        assert!(reason.contains(hint), "{reason} does not hold {hint}");
    }
}

#[test]
fn folders_are_read_in_order_and_without_hidden_files() {
    let (folder, read) = read(&[
        ("b.md", "# B\n\nb"),
        ("a/z.txt", "z"),
        ("a/.draft.md", "# no"),
        (".git/x.md", "# no"),
        ("logo.png", "png"),
    ]);
    assert_eq!(ids(&read), ["a/z.txt", "b.md"]);
    assert_eq!(read.tally.files, 2);
    let skipped: Vec<_> = read.tally.skipped.iter().map(|s| s.path.strip_prefix(folder.path()).unwrap()).collect();
    assert_eq!(skipped, [Path::new("logo.png")]);
    let one = read_all(&[folder.path().join("b.md")], &ReadOptions::default());
    assert_eq!(ids(&one), ["b.md"]);
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_and_what_is_not_there_is_said() {
    let (folder, _) = read(&[("a.md", "a")]);
    std::os::unix::fs::symlink(folder.path().join("a.md"), folder.path().join("b.md")).unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
    let paths = [folder.path().to_path_buf(), PathBuf::from("no-such-folder")];
    let read = read_all(&paths, &ReadOptions::default());
    assert_eq!(ids(&read), ["a.md"]);
    check_failures(&read, &[("no-such-folder", None, "could not be read")]);
}

#[test]
fn the_second_of_two_ids_fails_and_a_broken_page_spares_the_rest() {
    let (folder, read) = read(&[
        (
            "a/x.jsonl",
            "{\"id\":\"p\",\"kind\":\"policy\",\"title\":\"T\",\"text\":\"x\"}\n{\"id\":\"p\",\"kind\":\"policy\",\"title\":\"T\",\"text\":\"y\"}\n",
        ),
        ("b.md", "---\nvalid_to: soon\n---\nx"),
        ("c.md", "fine"),
    ]);
    assert_eq!(ids(&read), ["p", "c.md"]);
    check_failures(&read, &[("a/x.jsonl", Some(2), "twice"), ("b.md", Some(2), "'valid_to'")]);
    let twice = read_all(&[folder.path().join("c.md"), folder.path().join("c.md")], &ReadOptions::default());
    assert_eq!(twice.documents.len(), 1);
    assert_eq!(twice.failures.len(), 1);
}

#[test]
fn a_file_over_its_limit_is_refused() {
    let (folder, _) = read(&[("a.md", "too long for a limit of three"), ("b.md", "b")]);
    let mut options = ReadOptions::default();
    options.limits.page = 3;
    let read = read_all(&[folder.path().to_path_buf()], &options);
    assert_eq!(ids(&read), ["b.md"]);
    check_failures(&read, &[("a.md", None, "the limit is")]);
}

const OLD: &str = "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Compare At Price,Image Src,Status\n";

#[test]
fn products_are_read_with_old_and_new_columns() {
    let old = format!(
        "\u{feff}{OLD}vest,Down Vest,\"<p>Warm,\nreally.</p>\",Fjell,Vests,\"Down, New\",true,Size,S,V-S,80.00,100.00,a.png,active\n\
         vest,,,,,,,,M,V-M,84,,b.png,\nvest,,,,,,,,,,,,c.png,\n\
         mug,Mug,,,,,true,Title,Default Title,M-1,12,0,,active\n\
         draft,Draft,,,,,true,Title,Default Title,,1,,,draft\nhid,Hidden,,,,,FALSE,Title,Default Title,,1,,,active\n"
    );
    let new = "Title,URL handle,Description,Price,Compare-at price,SKU,Tags,Status,Option1 name,Option1 value,Continue selling when out of stock,Price / Canada,Fabric (product.metafields.custom.fabric)\n\
               Cap,cap,<b>Soft</b> cap,9,,C-1,hat,Active,Title,Default Title,DENY,13.50,Merino\n";
    let (_folder, read) = read(&[("old.csv", &old), ("new.csv", new)]);
    check_failures(&read, &[]);
    assert_eq!(ids(&read), ["product:cap", "product:vest", "product:mug"]);
    let text: Vec<String> = read.documents.iter().map(|d| d.text()).collect();
    assert_eq!(text[0], "Soft cap\nDetails\nPrice: $9.00\nPrice in Canada: 13.50\nTags: hat\nFabric: Merino\nSKU: C-1");
    assert_eq!(
        text[1],
        "Warm, really.\nDetails\nPrice: $80.00 to $84.00 (before: $100.00)\nSize: S, M\nVendor: Fjell\nType: Vests\nTags: down, new\n\
         Size: S; SKU: V-S; Price: $80.00; Compare at price: $100.00\nSize: M; SKU: V-M; Price: $84.00"
    );
    assert_eq!(text[2], "Details\nPrice: $12.00\nSKU: M-1");
    assert_eq!(read.documents[1].url.as_deref(), Some("/products/vest"));
    assert_eq!(read.documents[1].tags, ["down", "new"]);
    let skipped: Vec<_> = read.tally.skipped.iter().map(|s| (s.count, s.reason.as_str())).collect();
    assert_eq!(skipped, [(1, "products that are drafts"), (1, "products that are not published")]);
}

#[test]
fn a_broken_row_costs_one_product() {
    let broken = format!(
        "{OLD}a,A,,,,,true,Size,S,,1,,,active\na,,,,,,,,M,,\"2,,,\nb,B,,,,,true,Size,S,,3,,,active\n\
         c,C,\"say \"\"hi\"\"\",,,,true,Size,S,,4,,,active\nd,,,,,,true,Size,S,,4,,,active\ne,E,,,,,true,Size,S,,cheap,,,active\n\
         ,F,,,,,true,Size,S,,4,,,active\ng,G,,,,,true,Size,S,,5,,,active\n"
    );
    let (_folder, read) = read(&[("p.csv", &broken)]);
    // The quote that is not closed on line 3 takes everything up to the next quote with it, and is named.
    assert_eq!(ids(&read), ["product:g"]);
    check_failures(
        &read,
        &[
            ("p.csv", Some(3), "quote"),
            ("p.csv", Some(6), "no 'Title'"),
            ("p.csv", Some(7), "'cheap'"),
            ("p.csv", Some(8), "no 'Handle'"),
        ],
    );
    let (_folder, read) = self::read(&[
        ("a.csv", "Handle;Title;Price\na;A;1\n"),
        ("b.csv", "Name,Email\nx,y\n"),
        ("c.csv", ""),
        ("d.csv", "Handle,Vendor\na,b\n"),
    ]);
    check_failures(
        &read,
        &[
            ("a.csv", Some(1), "semicolons"),
            ("b.csv", Some(1), "no product CSV"),
            ("c.csv", None, "empty"),
            ("d.csv", Some(1), "'Title'"),
        ],
    );
}

#[test]
fn exports_are_read_in_every_wrapping() {
    let gorgias = r#"{"id": ID, "status": "closed", "messages": [{"from_agent": false, "body_text": "Does it fit a laptop?"}, {"from_agent": true, "body_text": "Yes."}]}"#;
    let chatwoot = r#"{"id": ID, "status": "resolved", "messages": [{"message_type": 0, "content": "Is it warm?"}, {"message_type": 1, "content": "Yes."}]}"#;
    let ticket = |id: &str| gorgias.replace("ID", id);
    let talk = |id: &str| chatwoot.replace("ID", id);
    let (_folder, read) = read(&[
        (
            "a.json",
            &format!("{{\"tickets\": [{}, {{\"id\": 2, \"status\": \"open\", \"messages\": []}}]}}", ticket("1")),
        ),
        ("b.json", &format!("{{\"data\": [{}], \"meta\": {{\"next_cursor\": null}}}}", ticket("3"))),
        ("c.json", &format!("{{\"data\": {{\"meta\": {{}}, \"payload\": [{}]}}}}", talk("4"))),
        (
            "d.json",
            &format!(
                "{{\"conversations\": [{}, {{\"id\": 6, \"status\": \"resolved\", \"inbox_id\": 1}}]}}",
                talk("5")
            ),
        ),
        ("e.jsonl", &format!("{}\n\n{{broken\n{}\n", ticket("7"), ticket("8"))),
        ("f.json", &format!("{}\n{}\n", ticket("9"), ticket("10"))),
        ("g.json", "{\"rates\": []}"),
        ("h.json", "{\n\"tickets\": [\n}"),
    ]);
    assert_eq!(
        ids(&read),
        [
            "conversation:gorgias:1",
            "conversation:gorgias:3",
            "conversation:chatwoot:4",
            "conversation:chatwoot:5",
            "conversation:gorgias:7",
            "conversation:gorgias:8",
            "conversation:gorgias:9",
            "conversation:gorgias:10",
        ]
    );
    check_failures(
        &read,
        &[
            ("d.json", None, "'6'"),
            ("e.jsonl", Some(3), "no JSON"),
            ("g.json", None, "no known format"),
            ("h.json", Some(3), "no JSON"),
        ],
    );
    let open = &read.tally.skipped[0];
    assert_eq!((open.count, open.reason.as_str()), (1, "conversations that are not resolved"));
}

#[test]
fn conversations_are_masked_before_anyone_sees_them() {
    let line = r##"{"id": "t1", "customer": {"name": "Mei Kovacs", "email": "mei@example.com"}, "turns": [
        {"role": "customer", "text": "Hi, mei kovacs here, mei@example.com, order #W123456. Is the kettle 2 L?"},
        {"role": "agent", "text": "Yes Mei, it holds 2 L and costs $49.00."}]}"##;
    let past = r#"{"id": "c1", "kind": "conversation", "title": "I'm Ana Lopez", "text": "Customer: I'm Ana Lopez. Does it float?\nAgent: It does, Ana."}"#;
    let (_folder, read) = read(&[("a.jsonl", &format!("{}\n{past}\n", line.replace('\n', " ")))]);
    check_failures(&read, &[]);
    let [first, second] = read.documents.as_slice() else { panic!("{:?}", read.documents) };
    assert_eq!(
        first.text(),
        "Customer: Hi, [name] here, [email], order [order]. Is the kettle 2 L?\nAgent: Yes [name], it holds 2 L and costs $49.00."
    );
    assert_eq!(
        (second.title.as_str(), second.text().as_str()),
        ("I'm [name]", "Customer: I'm [name]. Does it float?\nAgent: It does, [name].")
    );
    assert!(read.tally.masked.total() >= 6);
}

#[test]
fn pdfs_give_their_text_or_say_that_there_is_none() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pdf");
    if !fixtures.exists() {
        panic!("the fixtures are missing: {}", fixtures.display());
    }
    let read = read_all(&[fixtures], &ReadOptions::default());
    assert_eq!(ids(&read), ["returns.pdf"]);
    let blocks = &read.documents[0].blocks;
    assert!(
        blocks.contains(&Block::Paragraph(
            "You can send back anything that you do not like within 30 days of delivery.".into()
        )),
        "{blocks:?}"
    );
    assert!(blocks.contains(&Block::Paragraph("Refunds are paid within 5 business days.".into())), "{blocks:?}");
    check_failures(&read, &[("scan.pdf", None, "no text was found")]);
}

#[test]
fn a_file_of_broken_lines_does_not_fill_the_screen() {
    let good = r#"{"id":"a","kind":"policy","title":"T","text":"x"}"#;
    let lines = format!("{good}\n{}", "{broken\n".repeat(100));
    let (_folder, read) = read(&[("a.jsonl", &lines)]);
    assert_eq!((read.failures.len(), read.tally.failures), (21, 100));
    assert!(read.failures[20].reason.contains("80 more"), "{}", read.failures[20].reason);
}
