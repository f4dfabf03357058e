//! Question 8: table and chart of timings that the judge has made up.
//!
//! The figures are such that no rounding is a matter of taste: none lies near the middle between two
//! numbers that could be shown.

use super::results::{good_end, text};
use super::scenes::{calls, trial};
use super::svg;
use super::words::{Call, MadeUp};
use crate::experiment::{Numbers, Wrong};
use crate::fault::Fault;
use crate::trial::{Trace, Trial, TrialRules};

/// Sets of timings; `map` in microseconds, to which some nanoseconds are added. Zero stays zero.
const MAPS_US: [&[u64]; 8] = [
    &[4_098, 2_000, 8_314, 1_207],
    &[612, 9_120, 2_410],
    &[3_000, 0, 1_500],
    &[0, 2_000],
    &[7],
    &[999_999, 500_000], // rounds to a whole second
    &[3_725_000_000, 1_250_000, 59],
    &[],
];

fn made_up(fresh: &mut Numbers, maps_us: &[u64]) -> Vec<MadeUp> {
    let mut timings: Vec<MadeUp> = Vec::new();
    for &map_us in maps_us {
        // More than half a microsecond: cut off is not the same as rounded.
        let mut map_ns = if map_us == 0 { 0 } else { map_us * 1_000 + 550 + fresh.fresh() % 400 };
        let first = timings.first().map_or(map_ns, |first| first.phases_ns[1]);
        while map_ns > 0 && near_the_middle(first, map_ns) {
            map_ns += 1_000;
        }
        let results = fresh.some(usize::try_from(map_us % 4).unwrap_or_default());
        let phases_ns = [1_000 * fresh.fresh(), map_ns, 1_000 * fresh.fresh()];
        timings.push(MadeUp { workers: 1 + fresh.fresh() % 64, phases_ns, results });
    }
    timings
}

/// Whether the quotient lies so near the middle of two hundredths that rounding is a matter of luck.
fn near_the_middle(first: u64, this: u64) -> bool {
    let rest = u128::from(first) * 100 % u128::from(this);
    (45..=55).contains(&(rest * 100 / u128::from(this)))
}

/// The speed-up of a timing over the first.
fn speed_up(timings: &[MadeUp], timing: &MadeUp) -> String {
    let (first, this) = (timings.first().map_or(0, |first| first.phases_ns[1]), timing.phases_ns[1]);
    if this == 0 {
        return "-".into();
    }
    let hundredths = (u128::from(first) * 200 + u128::from(this)) / (2 * u128::from(this));
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// The line of a timing.
fn row(timings: &[MadeUp], timing: &MadeUp) -> String {
    let MadeUp { workers, phases_ns: [_, map_ns, _], results } = timing;
    let (micros, speed_up) = ((map_ns + 500) / 1_000, speed_up(timings, timing));
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    format!(
        "Pool size: {workers} -> Results: {results:?}, Time taken: {seconds}.{micros:06} seconds, Speed-up: {speed_up}"
    )
}

fn trials(fresh: &mut Numbers, call: fn(Vec<MadeUp>) -> Call) -> Vec<Trial> {
    let calls: Vec<Call> = MAPS_US.iter().map(|maps_us| call(made_up(fresh, maps_us))).collect();
    vec![trial(&calls, &[])]
}

/// What a call wrote.
fn written(trace: &Trace, number: usize, name: &str) -> Result<String, Wrong> {
    text(trace, number).ok_or_else(|| {
        Wrong::new(Fault::WrongAnswer, format!("`{name}` wrote more than 64 KiB for a handful of timings"))
    })
}

pub(super) const TABLE: TrialRules = TrialRules {
    check: "q8.table",
    trials: |fresh| trials(fresh, Call::Table),
    judge: |trial, trace| {
        good_end(trial, trace)?;
        for (number, call) in calls(trial).iter().enumerate() {
            let Call::Table(timings) = call else { continue };
            let got = written(trace, number, "table")?;
            let wanted: String = timings.iter().map(|timing| row(timings, timing) + "\n").collect();
            if got != wanted {
                return Err(different(timings, &got, &wanted));
            }
        }
        Ok(())
    },
};

fn different(timings: &[MadeUp], got: &str, wanted: &str) -> Wrong {
    let (theirs, ours): (Vec<&str>, Vec<&str>) = (got.lines().collect(), wanted.lines().collect());
    let sorted = |lines: &[&str]| {
        let mut lines: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
        lines.sort();
        lines
    };
    if timings.is_empty() {
        return Wrong::new(Fault::WrongAnswer, "a table of no timings is not an empty text");
    }
    if theirs == ours {
        return Wrong::new(Fault::WrongAnswer, "the lines are right, but not each is ended by one newline");
    }
    if sorted(&theirs) == sorted(&ours) {
        return Wrong::new(Fault::WrongOrder, "the lines do not stand in the order of the timings");
    }
    let place = theirs.iter().zip(&ours).position(|(theirs, ours)| theirs != ours);
    let (Some(theirs), Some(ours)) = (theirs.get(place.unwrap_or(usize::MAX)), ours.get(place.unwrap_or(0)))
    else {
        let what = format!("the table has {} lines for {} timings", theirs.len(), timings.len());
        return Wrong::new(Fault::WrongAnswer, what);
    };
    let map_ns = place.and_then(|place| timings.get(place)).map_or(0, |timing| timing.phases_ns[1]);
    let first_ns = timings.first().map_or(0, |timing| timing.phases_ns[1]);
    let what = format!("line {} of a table is not what the timing says", place.unwrap_or(0) + 1);
    Wrong::new(Fault::WrongAnswer, what).with_evidence(vec![
        format!("got    {theirs:?}"),
        format!("wanted {ours:?}"),
        format!("`map` is {map_ns} ns here and {first_ns} ns in the first timing"),
    ])
}

pub(super) const CHART: TrialRules = TrialRules {
    check: "q8.chart",
    trials: |fresh| trials(fresh, Call::Chart),
    judge: |trial, trace| {
        good_end(trial, trace)?;
        for (number, call) in calls(trial).iter().enumerate() {
            let Call::Chart(timings) = call else { continue };
            let got = written(trace, number, "chart")?;
            frame(&got)?;
            bars(&got, timings)?;
        }
        Ok(())
    },
};

fn wrong(what: impl Into<String>) -> Wrong {
    Wrong::new(Fault::WrongAnswer, what)
}

/// Root, title and axes.
fn frame(text: &str) -> Result<(), Wrong> {
    let tags = svg::tags(text).ok_or_else(|| wrong("the chart is no SVG: a `<` has no `>`"))?;
    let count = |name: &str| tags.iter().filter(|tag| tag.name == name).count();
    let root = tags.first().filter(|tag| tag.name == "svg" && count("svg") == 1);
    let root = root.ok_or_else(|| wrong("the chart does not begin with one `<svg`"))?;
    if svg::attribute(root.text, "xmlns") != Some("http://www.w3.org/2000/svg") {
        return Err(wrong("the `<svg` of the chart does not name the namespace of SVG"));
    }
    if !text.trim_end().ends_with("</svg>") {
        return Err(wrong("the chart does not end with `</svg>`"));
    }
    if !svg::is_escaped(text) {
        return Err(wrong("the chart is no XML: a `&` in it is neither `&amp;` nor another letter's name"));
    }
    if !tags.iter().any(|tag| tag.name == "title" && !tag.content.trim().is_empty()) {
        return Err(wrong("the chart has no `<title>`"));
    }
    if count("line") < 2 {
        return Err(wrong(format!("the chart has {} `<line`; the axes are two", count("line"))));
    }
    Ok(())
}

/// One bar for each timing, in order, and a text that names its number of workers.
fn bars(text: &str, timings: &[MadeUp]) -> Result<(), Wrong> {
    let tags = svg::tags(text).unwrap_or_default();
    let rects: Vec<&str> = tags.iter().filter(|tag| tag.name == "rect").map(|tag| tag.text).collect();
    if rects.len() != timings.len() {
        return Err(wrong(format!("the chart has {} `<rect` for {} timings", rects.len(), timings.len())));
    }
    let wanted: Vec<String> = timings.iter().map(|timing| opening(timings, timing)).collect();
    let begins = |rect: &str, wanted: &str| {
        rect.strip_prefix(wanted).is_some_and(|rest| rest.starts_with([' ', '\n', '\t', '\r', '/', '>']))
    };
    for (place, (rect, own)) in rects.iter().zip(&wanted).enumerate() {
        if begins(rect, own) {
            continue;
        }
        let is_other = wanted.iter().any(|other| begins(rect, other));
        let all_there = wanted.iter().all(|own| rects.iter().any(|rect| begins(rect, own)));
        let (fault, what) = match is_other && all_there {
            true => (Fault::WrongOrder, "the bars do not stand in the order of the timings".into()),
            false => {
                (Fault::WrongAnswer, format!("bar {} of a chart is not what the timing says", place + 1))
            }
        };
        let evidence = vec![format!("got    {rect}"), format!("wanted {own} ...")];
        return Err(Wrong::new(fault, what).with_evidence(evidence));
    }
    heights(&rects, timings)?;
    let mut texts = tags.iter().filter(|tag| tag.name == "text");
    for timing in timings {
        let name = timing.workers.to_string();
        let names_it = |content: &str| content.split(|c: char| !c.is_ascii_digit()).any(|word| word == name);
        if !texts.any(|tag| names_it(tag.content)) {
            return Err(wrong("not every bar has a `<text` that names its number of workers, in order"));
        }
    }
    Ok(())
}

fn opening(timings: &[MadeUp], timing: &MadeUp) -> String {
    let (workers, micros) = (timing.workers, timing.phases_ns[1] / 1_000);
    let speed_up = speed_up(timings, timing);
    format!("<rect data-workers=\"{workers}\" data-map-us=\"{micros}\" data-speedup=\"{speed_up}\"")
}

/// Bars can be seen, and the longer `map`, the higher the bar, where the difference is one that a
/// picture can show.
fn heights(rects: &[&str], timings: &[MadeUp]) -> Result<(), Wrong> {
    let mut bars = Vec::new();
    for (rect, timing) in rects.iter().zip(timings) {
        let mut numbers = [0.0; 4];
        for (number, name) in numbers.iter_mut().zip(["x", "y", "width", "height"]) {
            let value = svg::attribute(rect, name).and_then(svg::number);
            *number = value.ok_or_else(|| wrong(format!("a `<rect` lacks a number for `{name}`")))?;
        }
        bars.push((timing.phases_ns[1], numbers));
    }
    let longest = bars.iter().map(|(map_ns, _)| *map_ns).max().unwrap_or_default();
    for (map_ns, [_, _, width, height]) in &bars {
        if *map_ns * 10 >= longest && longest > 0 && (*width <= 0.0 || *height <= 0.0) {
            return Err(wrong("a bar has no width or no height, so nobody can see it"));
        }
        for (other_ns, [.., other]) in &bars {
            let much_longer = *map_ns * 2 >= *other_ns * 3 && *map_ns * 10 >= longest;
            if *map_ns > *other_ns && (height < other || (much_longer && height <= other)) {
                return Err(wrong(
                    "the longer `map`, the higher the bar: here the bar of a shorter one is as high",
                )
                .with_evidence(vec![format!("{map_ns} ns: {height} high; {other_ns} ns: {other} high")]));
            }
        }
    }
    Ok(())
}
