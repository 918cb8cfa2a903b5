//! JSON lines: one record a line, read as a stream.

use super::Reading;
use super::limits::unreadable;
use super::record::{self, SHAPES, Shape};
use super::zendesk::Beside;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};

pub(crate) fn read(reading: &mut Reading<'_, '_>) {
    match File::open(reading.path) {
        Ok(file) => read_from(BufReader::new(file), reading),
        Err(error) => reading.fail(None, unreadable(&error)),
    }
}

pub(crate) fn read_from(mut lines: impl BufRead, reading: &mut Reading<'_, '_>) {
    let limit = reading.options().limits.row;
    let (mut line, mut known) = (0, false);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        line += 1;
        match lines.by_ref().take(limit as u64 + 1).read_until(b'\n', &mut bytes) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => return reading.fail(Some(line), unreadable(&error)),
        }
        if bytes.len() > limit && !bytes.ends_with(b"\n") {
            let reason = format!(
                "the line has more than {} MB: it is no JSON lines file, or it was written on one line",
                limit >> 20
            );
            return reading.fail(Some(line), reason);
        }
        let content = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        if content.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let record: Value = match serde_json::from_slice(content) {
            Ok(record) => record,
            Err(error) => {
                reading
                    .fail(Some(line), format!("is no JSON ({error}, counted in this line): mend or remove the line"));
                continue;
            }
        };
        match Shape::of(&record) {
            Some(shape) => {
                known = true;
                record::read(&record, shape, &Beside::default(), Some(line), reading);
            }
            None if known => reading.fail(Some(line), format!("is in no known format: {SHAPES}")),
            // A file of something else altogether: one word about it is enough.
            None => {
                return reading.fail(Some(line), format!("the file is in no known format: {SHAPES}; or leave it out"));
            }
        }
    }
}
