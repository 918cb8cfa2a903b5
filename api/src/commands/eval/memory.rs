//! How much memory this process took at most. No two runs are alike, so it stands beside the times.

use std::fs;

/// Bytes, as Linux counts them; `None` elsewhere.
pub fn peak() -> Option<u64> {
    parse(&fs::read_to_string("/proc/self/status").ok()?)
}

fn parse(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_that_of_the_kernel() {
        assert_eq!(parse("Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n"), Some(2 * 1024 * 1024));
        assert_eq!(parse("Name:\tx\n"), None);
        if cfg!(target_os = "linux") {
            assert!(peak().is_some_and(|bytes| bytes > 1024 * 1024));
        }
    }
}
