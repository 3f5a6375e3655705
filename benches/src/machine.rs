//! The machine, described without its names.

use std::path::Path;
use std::{fs, thread};

/// Cores, CPU model, memory, the file system of `folder` and the kernel, in one line.
pub fn machine(folder: &Path) -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split(' ').next().and_then(|kib| kib.parse::<u64>().ok()))
        .map_or_else(String::new, |kib| format!(", {} GiB", kib / (1 << 20)));
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = release.trim().split(['.', '-']);
    let kernel = [numbers.next(), numbers.next()].map(Option::unwrap_or_default).join(".");
    format!("{cores} cores, {cpu}{memory}, {}, Linux {kernel}", file_system(folder))
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The type of the mount that holds the folder: the longest mount point above it.
fn file_system(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let above = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next()?)).filter(|(point, _)| folder.starts_with(point))
    });
    above.max_by_key(|(point, _)| point.len()).map_or("file system not known", |(_, kind)| kind).to_owned()
}
