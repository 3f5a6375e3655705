//! Sides that do the same work in one run.

use std::fmt;
use std::time::Duration;

/// What one side did in one round.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Sample {
    /// How often the work was done.
    pub count: usize,
    /// Wall time.
    pub took: Duration,
    /// CPU seconds, where they were counted.
    pub cpu: Option<f64>,
}

impl Sample {
    /// Work and its time.
    pub fn new(count: usize, took: Duration) -> Self {
        Self { count, took, cpu: None }
    }

    /// With the CPU seconds that it used.
    pub fn with_cpu(mut self, seconds: f64) -> Self {
        self.cpu = Some(seconds);
        self
    }

    fn rate(&self) -> f64 {
        as_f64(self.count) / self.took.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    fn cpu_per_10k(&self) -> Option<f64> {
        self.cpu.map(|cpu| cpu * 10_000.0 / as_f64(self.count))
    }
}

/// One side of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Side(usize);

/// Sides, with what they did in each round. `Display` is a table of medians, and the ratios that were asked for.
#[derive(Debug)]
pub struct Comparison {
    title: String,
    unit: &'static str,
    sides: Vec<(String, Vec<Sample>)>,
    ratios: Vec<Ratio>,
}

#[derive(Debug)]
struct Ratio {
    ours: Side,
    theirs: Side,
    of: Measure,
    stand: &'static str,
}

#[derive(Clone, Copy, Debug)]
enum Measure {
    Rate,
    Cpu,
}

impl Comparison {
    /// A comparison; `unit` is what is counted in a second, in the plural.
    pub fn new(title: impl Into<String>, unit: &'static str) -> Self {
        Self { title: title.into(), unit, sides: Vec::new(), ratios: Vec::new() }
    }

    /// Adds a side.
    pub fn side(&mut self, name: impl Into<String>) -> Side {
        self.sides.push((name.into(), Vec::new()));
        Side(self.sides.len() - 1)
    }

    /// Asks for the ratio of two rates, with the place where it should stand.
    pub fn ratio(&mut self, ours: Side, theirs: Side, stand: &'static str) {
        self.ratios.push(Ratio { ours, theirs, of: Measure::Rate, stand });
    }

    /// Asks for the ratio of the CPU time per piece of work.
    pub fn cpu_ratio(&mut self, ours: Side, theirs: Side, stand: &'static str) {
        self.ratios.push(Ratio { ours, theirs, of: Measure::Cpu, stand });
    }

    /// The sides in the order of a round: it turns, so that none always follows the same other.
    pub fn order(&self, round: usize) -> Vec<Side> {
        let count = self.sides.len();
        (0..count).map(|at| Side((at + round) % count)).collect()
    }

    /// Notes what a side did in this round.
    pub fn note(&mut self, side: Side, sample: Sample) {
        if let Some((_, samples)) = self.sides.get_mut(side.0) {
            samples.push(sample);
        }
    }

    fn samples(&self, side: Side) -> &[Sample] {
        self.sides.get(side.0).map_or(&[], |(_, samples)| samples)
    }

    fn name(&self, side: Side) -> &str {
        self.sides.get(side.0).map_or("", |(name, _)| name)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounds = self.sides.iter().map(|(_, samples)| samples.len()).max().unwrap_or(0);
        writeln!(f, "{}: medians of {rounds} interleaved rounds (least - most)", self.title)?;
        let width = self.sides.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, samples) in self.sides.iter().filter(|(_, samples)| !samples.is_empty()) {
            let rates = Spread::of(samples.iter().map(Sample::rate));
            write!(
                f,
                "  {name:width$}  {:>9.0} {}/s ({:.0} - {:.0})",
                rates.median, self.unit, rates.least, rates.most
            )?;
            if samples.iter().all(|sample| sample.cpu.is_some()) {
                write!(f, "  cpu10k {:.2} s", Spread::of(samples.iter().filter_map(Sample::cpu_per_10k)).median)?;
            }
            writeln!(f)?;
        }
        for Ratio { ours, theirs, of, stand } in &self.ratios {
            let pairs = self.samples(*ours).iter().zip(self.samples(*theirs));
            let values = pairs.filter_map(|(ours, theirs)| match of {
                Measure::Rate => Some(ours.rate() / theirs.rate()),
                Measure::Cpu => Some(ours.cpu_per_10k()? / theirs.cpu_per_10k().filter(|cpu| *cpu > 0.0)?),
            });
            let values: Vec<f64> = values.collect();
            if values.is_empty() {
                continue;
            }
            let Spread { median, least, most } = Spread::of(values.into_iter());
            let (what, ours, theirs) =
                (if matches!(of, Measure::Cpu) { "cpu " } else { "" }, self.name(*ours), self.name(*theirs));
            write!(f, "  {what}{ours} : {theirs} = {median:.2} ({least:.2} - {most:.2})")?;
            if !stand.is_empty() {
                write!(f, "; should stand at {stand}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let (half, last) = (values.len() / 2, values.len().saturating_sub(1));
        let median = if values.len() % 2 == 1 { at(half) } else { (at(half.saturating_sub(1)) + at(half)) / 2.0 };
        Self { least: at(0), median, most: at(last) }
    }
}

fn as_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_medians_over_rounds() {
        let mut comparison = Comparison::new("work", "pieces");
        let (ours, theirs) = (comparison.side("ours"), comparison.side("theirs"));
        comparison.ratio(ours, theirs, ">= 1");
        // The machine slows down from round to round; the ratio stays.
        for (round, (a, b)) in [(1000, 500), (100, 40), (10, 20)].into_iter().enumerate() {
            for side in comparison.order(round) {
                let count = if side == ours { a } else { b };
                comparison.note(side, Sample::new(count, Duration::from_secs(1)));
            }
        }
        let text = comparison.to_string();
        assert!(text.contains("ours : theirs = 2.00 (0.50 - 2.50); should stand at >= 1"), "{text}");
        assert!(text.contains("100 pieces/s (10 - 1000)"), "{text}");
    }

    #[test]
    fn every_side_begins_in_turn() {
        let mut comparison = Comparison::new("work", "pieces");
        let sides = [comparison.side("a"), comparison.side("b"), comparison.side("c")];
        let firsts: Vec<Side> = (0..3).map(|round| comparison.order(round)[0]).collect();
        assert_eq!(firsts, sides);
    }
}
