//! What this machine has, as far as choosing models needs it.

use std::{fs, num::NonZero, thread};

/// Cores and memory that this process may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    pub cores: usize,
    /// Bytes; `None` where the system does not say.
    pub memory: Option<u64>,
}

impl Machine {
    pub fn look() -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
        let limited = limits.iter().filter_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok()).min();
        let memory = match (physical(), limited) {
            (Some(physical), Some(limited)) => Some(physical.min(limited)),
            (physical, limited) => physical.or(limited),
        };
        Self { cores, memory }
    }

    /// The profile that fits. A machine that does not say what it has gets the small one.
    pub fn profile(&self) -> &'static models::profile::Profile {
        models::profile::suggest(self.cores, self.memory.unwrap_or(0))
    }
}

fn physical() -> Option<u64> {
    if let Ok(text) = fs::read_to_string("/proc/meminfo") {
        return mem_total(&text);
    }
    // macOS and the BSDs.
    let output = std::process::Command::new("sysctl").args(["-n", "hw.memsize"]).output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

fn mem_total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_as_the_kernel_writes_it() {
        assert_eq!(mem_total("MemTotal:        8048412 kB\nMemFree: 1 kB\n"), Some(8_048_412 * 1024));
        assert_eq!(mem_total("MemFree: 1 kB\n"), None);
        assert!(Machine::look().cores >= 1);
    }
}
