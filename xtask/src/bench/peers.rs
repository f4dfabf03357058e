//! The table of contenders that several benchmarks show: medians by measure, contender and number of workers, and ratios.
//!
//! Knows the form of the document, and no measure.

use serde_json::Value;

/// What a table shows of a document, besides its figures.
#[derive(Debug)]
pub(super) struct Table {
    /// What a column has so many of, in the singular.
    pub of: &'static str,
    /// How many.
    pub sizes: &'static [u64],
    /// The document's name of each measure, which ends with its unit, and ours.
    pub measures: &'static [(&'static str, &'static str)],
    /// The same of each ratio.
    pub ratios: &'static [(&'static str, &'static str)],
}

/// The document for people.
pub(super) fn table(document: &Value, table: &Table) -> String {
    let python = document["python"].as_str().map_or("no python3 found".to_owned(), |v| format!("python {v}"));
    let mut lines = vec![format!(
        "{} interleaved rounds, medians; {} processors; {python}",
        document["rounds"], document["processors"]
    )];
    let row = |label: &str, cell: &dyn Fn(u64) -> Option<String>| {
        let cells = table.sizes.iter().map(|&size| format!("{:>12}", cell(size).unwrap_or_default()));
        format!("{label:<52}{}", cells.collect::<String>()).trim_end().to_owned()
    };
    lines.push(row("", &|size| Some(format!("{size} {}{}", table.of, if size == 1 { "" } else { "s" }))));
    for (measure, label) in table.measures {
        lines.push((*label).to_owned());
        for contender in contenders(document, measure) {
            let cell = |size| value(document, measure, &contender, size).map(figure);
            lines.push(row(&format!("    {contender}"), &cell));
        }
        if document["python"].is_null()
            && table.ratios.iter().any(|(name, _)| name.starts_with(&measure[..measure.len() - 3]))
        {
            lines.push("    python: no python3 found".to_owned());
        }
    }
    lines.push("ratios of medians".to_owned());
    for (name, label) in table.ratios {
        let ratios = document["ratios"].as_array().into_iter().flatten();
        let of = |size: u64| {
            let mut found = ratios.clone().filter(|ratio| ratio["name"] == *name && ratio["workers"] == size);
            found.next().and_then(|ratio| ratio["ratio"].as_f64()).map(|ratio| format!("{ratio:.2}"))
        };
        lines.push(row(&format!("    {label}"), &of));
    }
    lines.join("\n")
}

/// Short, and exact enough: small figures have more digits behind the point.
fn figure(value: f64) -> String {
    if value < 10.0 { format!("{value:.2}") } else { format!("{value:.1}") }
}

/// Everybody who has figures for a measure.
pub(super) fn contenders(document: &Value, measure: &str) -> Vec<String> {
    let figures = document["figures"].as_array().into_iter().flatten();
    let of_measure = figures.filter(|figure| figure["measure"] == measure);
    let mut names: Vec<String> =
        of_measure.filter_map(|figure| figure["contender"].as_str().map(str::to_owned)).collect();
    names.dedup(); // the document is sorted
    names
}

/// One median.
pub(super) fn value(document: &Value, measure: &str, contender: &str, workers: u64) -> Option<f64> {
    let mut figures = document["figures"].as_array()?.iter();
    let wanted = |figure: &&Value| {
        figure["measure"] == measure && figure["contender"] == contender && figure["workers"] == workers
    };
    figures.find(wanted)?["median"].as_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_missing_peer_is_named_and_has_no_ratio() {
        let document = json!({
            "rounds": 3, "processors": 2, "python": null, "ratios": [],
            "figures": [{ "measure": "q8_map_us", "contender": "pool", "workers": 2, "median": 1.25 }],
        });
        let table = table(
            &document,
            &Table {
                of: "worker",
                sizes: &[1, 2],
                measures: &[("q8_map_us", "a map")],
                ratios: &[("q8_map_x", "x")],
            },
        );
        assert!(table.contains("3 interleaved rounds, medians; 2 processors; no python3 found"), "{table}");
        assert!(table.contains("python: no python3 found"), "{table}");
        assert_eq!(value(&document, "q8_map_us", "pool", 2), Some(1.25));
        assert_eq!(contenders(&document, "q8_map_us"), ["pool"]);
    }
}
