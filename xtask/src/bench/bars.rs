//! A bar chart as SVG: a group for each number of workers, a bar for each contender. It knows how to
//! draw and not what the figures mean.

use super::peers::{contenders, value};
use serde_json::Value;
use std::fmt::Write;

const SIZES: [u64; 3] = [2, 4, 8];
const COLOURS: [&str; 5] = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee"];

const HEIGHT_PX: f64 = 260.0;
const TOP_PX: f64 = 60.0;
const LEFT_PX: f64 = 50.0;
const BAR_PX: f64 = 44.0;
const GAP_PX: f64 = 30.0;

/// Draws the medians of one measure, which are microseconds, as milliseconds from 0 on.
pub(super) fn chart(title: &str, document: &Value, measure: &str) -> String {
    let names = contenders(document, measure);
    let median_ms = |name: &str, size| value(document, measure, name, size).map(|us| us / 1e3);
    let all = names.iter().flat_map(|name| SIZES.map(|size| median_ms(name, size))).flatten();
    let highest = all.fold(f64::MIN_POSITIVE, f64::max);
    let group_px = names.len() as f64 * BAR_PX + GAP_PX;
    let (right, bottom) = (LEFT_PX + SIZES.len() as f64 * group_px + GAP_PX, TOP_PX + HEIGHT_PX);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{right}\" height=\"{}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n<title>{title}</title>\n\
         <text x=\"{LEFT_PX}\" y=\"20\" font-size=\"14\">{title}</text>\n",
        bottom + 50.0,
    );
    let mut line = |x1: f64, y1: f64, x2: f64, y2: f64| {
        let _ = writeln!(svg, "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"black\"/>");
    };
    line(LEFT_PX, TOP_PX, LEFT_PX, bottom);
    line(LEFT_PX, bottom, right - GAP_PX, bottom);
    for (group, size) in SIZES.into_iter().enumerate() {
        let begin = LEFT_PX + GAP_PX / 2.0 + group as f64 * group_px;
        for (place, name) in names.iter().enumerate() {
            let Some(ms) = median_ms(name, size) else { continue };
            let (x, height) = (begin + place as f64 * BAR_PX, HEIGHT_PX * ms / highest);
            let (y, colour) = (bottom - height, COLOURS[place % COLOURS.len()]);
            let _ = writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\" fill=\"{colour}\">\
                 <title>{name}, {size} workers: {ms:.3} ms</title></rect>\n\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{ms:.2}</text>",
                BAR_PX - 4.0,
                x + BAR_PX / 2.0,
                y - 4.0,
            );
        }
        let middle = begin + (group_px - GAP_PX) / 2.0;
        let (y, label) = (bottom + 18.0, format!("{size} workers"));
        let _ = writeln!(svg, "<text x=\"{middle:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{label}</text>");
    }
    for (place, name) in names.iter().enumerate() {
        let (x, y) = (LEFT_PX + place as f64 * 150.0, bottom + 40.0);
        let colour = COLOURS[place % COLOURS.len()];
        let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"{colour}\">{name}</text>");
    }
    svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn there_is_a_bar_for_each_figure_and_the_highest_fills_the_chart() {
        let figure = |workers: u64, median: f64| json!({ "measure": "m_us", "contender": "pool", "workers": workers, "median": median });
        let document = json!({ "figures": [figure(2, 1000.0), figure(4, 500.0)] });
        let svg = super::chart("title", &document, "m_us");
        assert_eq!(svg.matches("<rect").count(), 2, "{svg}");
        assert!(svg.contains("height=\"260.0\"") && svg.contains("height=\"130.0\""), "{svg}");
    }
}
