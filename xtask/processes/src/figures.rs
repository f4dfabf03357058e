//! What was measured, and its medians and ratios. It does not know how anything is measured.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Samples by measure, contender and number of workers.
#[derive(Debug, Default)]
pub struct Figures {
    samples: BTreeMap<(&'static str, &'static str, usize), Vec<f64>>,
}

/// A measure and a contender.
type Side = (&'static str, &'static str);

/// A ratio of two medians that is of interest.
#[derive(Debug, Clone, Copy)]
pub struct Ratio {
    name: &'static str,
    above: Side,
    below: Side,
    parts: u64,
    over_one: bool,
}

impl Ratio {
    /// The median of `above` divided by that of `below`, for each number of workers that both have.
    #[must_use]
    pub const fn of(name: &'static str, above: Side, below: Side) -> Self {
        Self { name, above, below, parts: 1, over_one: false }
    }

    /// Only so small a part of what stands above.
    #[must_use]
    pub const fn of_one_in(self, parts: u64) -> Self {
        Self { parts, ..self }
    }

    /// What stands below is always that of one worker.
    #[must_use]
    pub const fn over_one_worker(self) -> Self {
        Self { over_one: true, ..self }
    }
}

impl Figures {
    /// Notes one sample. The measure's name ends with its unit.
    pub fn note(&mut self, measure: &'static str, contender: &'static str, workers: usize, value: f64) {
        self.samples.entry((measure, contender, workers)).or_default().push(value);
    }

    /// Everything, as one document.
    #[must_use]
    pub fn document(&self, rounds: u32, python: Option<&str>, ratios: &[Ratio]) -> Value {
        let figures: Vec<Value> = self
            .samples
            .iter()
            .map(|((measure, contender, workers), samples)| {
                let mut sorted = samples.clone();
                sorted.sort_by(f64::total_cmp);
                json!({
                    "measure": measure,
                    "contender": contender,
                    "workers": workers,
                    "median": median(samples),
                    "fastest": sorted.first(),
                    "slowest": sorted.last(),
                })
            })
            .collect();
        json!({
            "schema": 1,
            "rounds": rounds,
            "processors": std::thread::available_parallelism().map_or(0, usize::from),
            "python": python,
            "figures": figures,
            "ratios": self.ratios(ratios),
        })
    }

    fn ratios(&self, wanted: &[Ratio]) -> Vec<Value> {
        let mut ratios = Vec::new();
        for ratio in wanted {
            for workers in self.sizes_of(ratio.above) {
                let below = if ratio.over_one { 1 } else { workers };
                if let (Some(above), Some(below)) =
                    (self.median_of(ratio.above, workers), self.median_of(ratio.below, below))
                {
                    let value = above / ratio.parts as f64 / below;
                    ratios.push(json!({ "name": ratio.name, "workers": workers, "ratio": value }));
                }
            }
        }
        ratios
    }

    /// The numbers of workers that a side has figures for.
    fn sizes_of(&self, (measure, contender): Side) -> Vec<usize> {
        let same = |key: &&(&str, &str, usize)| key.0 == measure && key.1 == contender;
        self.samples.keys().filter(same).map(|key| key.2).collect()
    }

    fn median_of(&self, (measure, contender): Side, workers: usize) -> Option<f64> {
        self.samples.get(&(measure, contender, workers)).map(|samples| median(samples))
    }
}

/// The middle sample, or the mean of the two in the middle; 0 of none.
fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |place: usize| sorted.get(place).copied().unwrap_or_default();
    match sorted.len() {
        0 => 0.0,
        count if count % 2 == 1 => at(count / 2),
        count => f64::midpoint(at(count / 2 - 1), at(count / 2)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        for (samples, expected) in
            [(&[][..], 0.0), (&[7.0], 7.0), (&[3.0, 1.0, 2.0], 2.0), (&[4.0, 1.0, 2.0, 3.0], 2.5)]
        {
            assert!((median(samples) - expected).abs() < 1e-9, "{samples:?}");
        }
    }

    #[test]
    fn a_ratio_needs_both_sides() {
        let total = Ratio::of("total", ("us", "python"), ("us", "ours"));
        let each = Ratio::of("each", ("us", "ours"), ("trip_us", "bare")).of_one_in(10).over_one_worker();
        let mut figures = Figures::default();
        figures.note("us", "ours", 2, 5.0);
        assert!(figures.ratios(&[total, each]).is_empty());
        figures.note("us", "python", 2, 60.0);
        figures.note("us", "python", 4, 80.0);
        figures.note("trip_us", "bare", 1, 0.25);
        let ratios = figures.ratios(&[total, each]);
        assert_eq!(ratios.len(), 2);
        assert_eq!((&ratios[0]["ratio"], &ratios[1]["ratio"]), (&json!(12.0), &json!(2.0)));
        assert_eq!((&ratios[0]["workers"], &ratios[1]["name"]), (&json!(2), &json!("each")));
    }
}
