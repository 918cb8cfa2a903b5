//! Whatever is in a file, a reader says so or reads it: it does not panic, and it does not lose track of what it saw.

use super::{ReadOptions, read_all};
use proptest::prelude::*;
use std::fs;

/// A file's content: noise, or pieces of what readers look for in an order that makes no sense.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "---\n",
        "title: x\n",
        "valid_from: 2026-13-45\n",
        "# H\n",
        "- item\n",
        "  - nested\n",
        "| a | b |\n|---|---|\n| 1 |\n",
        "<table><tr><td rowspan=3>",
        "<tr><th colspan=2>",
        "</table>",
        "<ul><li>",
        "</p>",
        "<details><summary>",
        "<!--",
        "<a href='https://a.example'>",
        "Handle,Title,Variant Price\n",
        "a,\"b,1\n",
        "a,b,1\n",
        ",,\n",
        "\"",
        "\u{feff}",
        ";",
        "\r\n",
        "\u{a0}",
        "ß",
        "🎒",
        "{\"id\": 1, \"turns\": [{\"role\": \"customer\", \"text\": \"Hi, I'm Ana #1234\"}, {\"role\": \"agent\", \"text\": \"ok\"}]}\n",
        "{\"tickets\": [",
        "{\"id\": 1, \"status\": \"closed\", \"messages\": [{\"from_agent\": true, \"body_text\": \"x\"}]}",
        "]}",
        "{\"id\":",
        "[[[[",
        "{\"conversations\": [{\"id\": 1, \"status\": \"resolved\", \"messages\": [{\"message_type\": 0, \"content\": \"4111 1111 1111 1111\"}]}]}",
        "%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 1 0 R >>\nendobj\ntrailer << /Root 1 0 R >>\n",
        "\0",
        "On x wrote:\n> ",
        "-- \n",
    ]);
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat().into_bytes()),
        "\\PC{0,200}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, ..ProptestConfig::default() })]

    #[test]
    fn no_content_breaks_a_reader(content in content()) {
        let folder = tempfile::tempdir().unwrap();
        // Not PDF: its library prints what it thinks of noise. It has a test of its own.
        for extension in ["md", "html", "txt", "csv", "jsonl", "json"] {
            if extension != "csv" && content.starts_with(b"%PDF-") {
                continue;
            }
            fs::write(folder.path().join(format!("file.{extension}")), &content).unwrap();
        }
        let read = read_all(&[folder.path().to_path_buf()], &ReadOptions::default());
        prop_assert_eq!(read.documents.len(), read.tally.documents);
        prop_assert!(read.failures.len() <= read.tally.failures + read.tally.files);
        for document in &read.documents {
            prop_assert!(!document.id.0.is_empty() && !document.title.is_empty() && document.file.starts_with("file."));
            for chunk in crate::chunk::chunks(document, &crate::chunk::ChunkConfig::default()) {
                prop_assert!(!chunk.text.trim().is_empty());
            }
        }
    }

    #[test]
    fn no_text_breaks_the_masking(text in "(\\PC|[0-9 @#+.,\\n-]){0,120}", name in "\\PC{0,12}") {
        let masker = crate::mask::Masker::new(&crate::mask::MaskConfig::default());
        let mut report = crate::mask::MaskReport::default();
        let names = masker.names([name.as_str()], [text.as_str()]);
        let masked = masker.mask(&text, &names, &mut report);
        // Masking what is masked changes nothing that matters: no placeholder is taken apart.
        prop_assert_eq!(masked.matches("[email]").count() >= text.matches("[email]").count(), true);
        let _ = super::quoted::own_words(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_damage_breaks_the_pdf_reader(at in 0usize..1200, bytes in prop::collection::vec(any::<u8>(), 1..12)) {
        let mut pdf = include_bytes!("../../tests/fixtures/pdf/returns.pdf").to_vec();
        let at = at.min(pdf.len() - bytes.len());
        pdf.splice(at..at + bytes.len(), bytes);
        if let Err(reason) = super::pdf::parse(&pdf) {
            prop_assert!(reason.contains("PDF"), "{}", reason);
        }
    }
}
