//! CPU time of a process, from `/proc`.

use std::fs;

/// User and system time of a process, all its threads together, in seconds; in steps of 10 ms.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct CpuTime(f64);

impl CpuTime {
    /// Of this process.
    pub fn here() -> Self {
        Self::of("self")
    }

    /// Of the children of this process that have ended.
    pub fn of_children() -> Self {
        Self::fields("self", 13)
    }

    /// Of the process with this id, a child or any other; zero if it is not to be had.
    pub fn of_process(id: u32) -> Self {
        Self::of(&id.to_string())
    }

    /// The seconds that were used since `earlier`.
    pub fn since(self, earlier: Self) -> f64 {
        (self.0 - earlier.0).max(0.0)
    }

    fn of(process: &str) -> Self {
        Self::fields(process, 11)
    }

    /// The sum of two fields. proc(5): utime and stime are fields 14 and 15, cutime and cstime the next; the second
    /// field is in brackets and may hold blanks.
    fn fields(process: &str, first: usize) -> Self {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let behind = stat.rsplit_once(") ").map_or("", |(_, behind)| behind);
        let ticks: f64 = behind.split(' ').skip(first).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
        Self(ticks / TICKS_PER_SECOND)
    }
}

/// `USER_HZ`, which Linux keeps at 100 for programs.
const TICKS_PER_SECOND: f64 = 100.0;
