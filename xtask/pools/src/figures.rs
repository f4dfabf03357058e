//! What was measured, and its medians and ratios. It does not know how anything is measured.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Samples by measure, contender and number of workers.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    samples: BTreeMap<(&'static str, &'static str, usize), Vec<f64>>,
}

/// A ratio that is of interest: its name, what is divided, and by what.
type Ratio = (&'static str, (&'static str, &'static str), (&'static str, &'static str));

/// Above 1 means that the pool is faster than its peer.
const RATIOS: &[Ratio] = &[
    ("q8_total_python_over_pool", ("q8_total_us", "python"), ("q8_total_us", "pool")),
    ("q8_map_python_over_pool", ("q8_map_us", "python"), ("q8_map_us", "pool")),
    ("tiny_each_python_over_pool", ("tiny_each_us", "python"), ("tiny_each_us", "pool")),
    ("tiny_chunked_python_over_pool", ("tiny_chunked_us", "python"), ("tiny_chunked_us", "pool")),
];

impl Figures {
    /// Notes one sample. The measure's name ends with its unit.
    pub(crate) fn note(
        &mut self,
        measure: &'static str,
        contender: &'static str,
        workers: usize,
        value: f64,
    ) {
        self.samples.entry((measure, contender, workers)).or_default().push(value);
    }

    /// Everything, as one document.
    pub(crate) fn document(&self, rounds: u32, python: Option<&str>) -> Value {
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
            "ratios": self.ratios(),
        })
    }

    fn ratios(&self) -> Vec<Value> {
        let mut ratios = Vec::new();
        let mut add = |name: &str, workers: usize, above: Option<f64>, below: Option<f64>| {
            if let (Some(above), Some(below)) = (above, below) {
                ratios.push(json!({ "name": name, "workers": workers, "ratio": above / below }));
            }
        };
        for workers in crate::SIZES {
            for (name, above, below) in RATIOS {
                let of = |(measure, contender)| self.median_of(measure, contender, workers);
                add(name, workers, of(*above), of(*below));
            }
        }
        let trip = self.median_of("round_trip_us", "bare pipes", 1);
        for workers in [1].into_iter().chain(crate::SIZES) {
            let map = self.median_of("tiny_each_us", "pool", workers);
            add("map_per_task_over_round_trip", workers, map.map(|us| us / crate::TASKS as f64), trip);
        }
        ratios
    }

    fn median_of(&self, measure: &'static str, contender: &'static str, workers: usize) -> Option<f64> {
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
        let mut figures = Figures::default();
        figures.note("q8_total_us", "pool", 2, 5.0);
        assert!(figures.ratios().is_empty());
        figures.note("q8_total_us", "python", 2, 60.0);
        assert_eq!(figures.ratios().len(), 1);
        assert_eq!(figures.ratios()[0]["ratio"], 12.0);
    }
}
