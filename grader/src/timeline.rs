//! A story as a picture: time runs down, a lane for each thread or process, each step where it happened, a bar
//! for as long as a lock is held. One file of SVG that needs nothing else.
//!
//! Reads the lines of a story as they are printed. Knows nothing of what they mean beyond a few verbs, and trusts none of
//! them: everything that is written into the picture is escaped.

use std::fmt::Write;

const LANE_PX: usize = 230;
const LEFT_PX: usize = 150;
const LINE_PX: usize = 15;
const TOP_PX: usize = 20;
/// Characters of a line of text in a lane; the font is monospaced.
const LANE_CHARS: usize = 28;
/// More steps than anybody reads; the end of a story is where it goes wrong.
const MOST_STEPS: usize = 200;

/// One line of a story.
#[derive(Debug, PartialEq, Eq)]
struct Step<'a> {
    /// Number and source line, if the story has them.
    number: &'a str,
    place: &'a str,
    who: &'a str,
    text: &'a str,
}

/// How a step is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Look {
    Plain,
    Takes,
    Gives,
    Waits,
    Wakes,
    Wrong,
    Remark,
}

impl Look {
    fn of(text: &str) -> Self {
        let verb = text.split(' ').next().unwrap_or_default();
        let says = |words: &str| text.contains(words);
        match verb {
            "panics:" => Self::Wrong,
            _ if says("OLD value") || says("nobody is waiting") || says("in vain") || says("is killed") => {
                Self::Wrong
            }
            "--" => Self::Remark,
            _ if says("waits") || says("gives up") || says("is held") => Self::Waits,
            "lock" | "read" | "write" | "try_lock" | "try_read" | "try_write" => Self::Takes,
            "unlock" => Self::Gives,
            "notify_one" | "notify_all" | "unpark" | "send" | "spawn" => Self::Wakes,
            _ => Self::Plain,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Takes => "takes",
            Self::Gives => "gives",
            Self::Waits => "waits",
            Self::Wakes => "wakes",
            Self::Wrong => "wrong",
            Self::Remark => "remark",
        }
    }
}

/// Draws a finding: its headline, what else is known, and the steps among `evidence`.
pub fn svg(title: &str, headline: &str, evidence: &[String]) -> String {
    let (mut steps, mut notes) = (Vec::new(), Vec::new());
    for line in evidence {
        match step(line) {
            Some(step) => steps.push(step),
            None => notes.push(line.as_str()),
        }
    }
    let steps = &steps[steps.len().saturating_sub(MOST_STEPS)..];
    let lanes = lanes(steps);
    let width = LEFT_PX + lanes.len().max(3) * LANE_PX + 20;
    let mut picture = Picture { body: String::new(), y: TOP_PX };
    picture.heading(title, headline, &notes, width);
    picture.lanes(&lanes, steps);
    let height = picture.y + TOP_PX;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\">\n<title>{}</title>\n<style>{STYLE}</style>\n\
         <rect class=\"page\" width=\"{width}\" height=\"{height}\"/>\n{}</svg>\n",
        escape(title),
        picture.body
    )
}

struct Picture {
    body: String,
    y: usize,
}

impl Picture {
    fn text(&mut self, x: usize, class: &str, text: &str) {
        let _ = writeln!(
            self.body,
            "<text x=\"{x}\" y=\"{}\" class=\"{class}\">{}</text>",
            self.y + 11,
            escape(text)
        );
        self.y += LINE_PX;
    }

    fn heading(&mut self, title: &str, headline: &str, notes: &[&str], width: usize) {
        let chars = (width - 40) / 8;
        self.text(20, "title", title);
        self.y += 4;
        wrap(headline, chars).iter().for_each(|line| self.text(20, "headline", line));
        for note in notes {
            wrap(note, chars).iter().for_each(|line| self.text(20, "note", line));
        }
        self.y += LINE_PX;
    }

    fn lanes(&mut self, lanes: &[&str], steps: &[Step<'_>]) {
        if steps.is_empty() {
            return;
        }
        let middle = |lane: usize| LEFT_PX + lane * LANE_PX + 8;
        for (lane, name) in lanes.iter().enumerate() {
            let x = middle(lane);
            let _ = writeln!(
                self.body,
                "<text x=\"{x}\" y=\"{}\" class=\"lane\">{}</text>",
                self.y + 11,
                escape(name)
            );
        }
        self.y += LINE_PX + 6;
        let top = self.y;
        let mut drawn = String::new();
        let mut held: Vec<(usize, String, usize)> = Vec::new();
        let mut bars = String::new();
        let mut before = None;
        for step in steps {
            let lane = lanes.iter().position(|name| *name == step.who).unwrap_or_default();
            // The bar shows where a lock was taken.
            let text = step.text.split(", taken at ").next().unwrap_or_default().trim_start_matches("-- ");
            let lines = wrap(text, LANE_CHARS);
            let (x, y, height) = (middle(lane), self.y, lines.len() * LINE_PX + 6);
            if let Some((from, from_y)) = before.filter(|(from, _)| *from != lane) {
                let (from, to) = (middle(from), x);
                let _ = writeln!(
                    drawn,
                    "<path class=\"switch\" d=\"M{from} {from_y} C{from} {y} {to} {from_y} {to} {}\"/>",
                    y + 8
                );
            }
            let look = Look::of(step.text);
            let _ = writeln!(
                drawn,
                "<rect x=\"{}\" y=\"{y}\" width=\"{}\" height=\"{height}\" rx=\"4\" class=\"{}\"/>",
                x + 8,
                LANE_PX - 24,
                look.class()
            );
            let _ = writeln!(
                drawn,
                "<text x=\"20\" y=\"{}\" class=\"place\">{}</text>",
                y + 14,
                escape(format!("{} {}", step.number, step.place).trim())
            );
            for (index, line) in lines.iter().enumerate() {
                let _ = writeln!(
                    drawn,
                    "<text class=\"of-{}\" x=\"{}\" y=\"{}\">{}</text>",
                    look.class(),
                    x + 14,
                    y + 14 + index * LINE_PX,
                    escape(line)
                );
            }
            self.y += height + 3;
            match look {
                Look::Takes => held.push((lane, object(step.text), y)),
                Look::Gives | Look::Waits => {
                    let name = object(step.text);
                    let given = held.iter().rposition(|(who, what, _)| {
                        *who == lane && (*what == name || step.text.contains(what.as_str()))
                    });
                    if let Some((lane, name, since)) = given.map(|index| held.remove(index)) {
                        bar(&mut bars, middle(lane), since, y + height, &name);
                    }
                }
                _ => (),
            }
            before = Some((lane, y + height));
        }
        held.iter().for_each(|(lane, name, since)| bar(&mut bars, middle(*lane), *since, self.y, name));
        for lane in 0..lanes.len() {
            let x = middle(lane);
            let _ = writeln!(
                self.body,
                "<line x1=\"{x}\" y1=\"{top}\" x2=\"{x}\" y2=\"{}\" class=\"life\"/>",
                self.y
            );
        }
        self.body.push_str(&bars);
        self.body.push_str(&drawn);
    }
}

/// For as long as a lock is held.
fn bar(bars: &mut String, x: usize, since: usize, until: usize, name: &str) {
    let _ = writeln!(
        bars,
        "<rect x=\"{}\" y=\"{since}\" width=\"6\" height=\"{}\" class=\"held\"><title>holds {}</title></rect>",
        x - 3,
        until.saturating_sub(since),
        escape(name)
    );
}

/// `Mutex#1<u8>` of `lock Mutex#1<u8>` or of `unlock Mutex#1<u8>, taken at …`.
fn object(text: &str) -> String {
    let name = text.split(' ').nth(1).unwrap_or_default();
    name.trim_end_matches([',', ':']).to_owned()
}

/// The first thread, then the others by their number, those with names of their own, and the judge.
fn lanes<'a>(steps: &[Step<'a>]) -> Vec<&'a str> {
    let mut lanes: Vec<&str> = Vec::new();
    for step in steps {
        if !lanes.contains(&step.who) {
            lanes.push(step.who);
        }
    }
    let numbered =
        |name: &str| ["thread ", "worker "].iter().find_map(|kind| name.strip_prefix(kind)?.parse().ok());
    lanes.sort_by_key(|name| match *name {
        "main" | "the caller" => 0,
        "judge" => usize::MAX,
        other => numbered(other).unwrap_or(usize::MAX - 1),
    });
    lanes
}

/// `12  lib.rs:40:9  thread 1  lock Mutex#1<u8>` or `worker 1    begins task 0`; nothing for other lines.
fn step(line: &str) -> Option<Step<'_>> {
    let (number, rest) = column(line);
    let is_numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let (number, place, rest) = if !is_numbered {
        ("", "", line)
    } else if column(rest).1.starts_with("-- ") {
        // A remark has no source line.
        (number, "", rest)
    } else {
        let (place, rest) = column(rest);
        (number, place, rest)
    };
    let (who, text) = column(rest);
    let is_known = is_numbered || matches!(who, "judge" | "the caller") || who.starts_with("worker ");
    (is_known && !text.is_empty()).then_some(Step { number, place, who, text })
}

/// What stands before the next two spaces, and what comes after them.
fn column(text: &str) -> (&str, &str) {
    let (first, rest) = text.trim_start().split_once("  ").unwrap_or((text, ""));
    (first, rest.trim())
}

/// Lines of at most `chars` characters, broken at spaces where possible.
fn wrap(text: &str, chars: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word: String = word.chars().filter(|c| !c.is_control()).collect();
        loop {
            let line = lines.last_mut().expect("there is always a line");
            let room = chars.saturating_sub(line.chars().count() + usize::from(!line.is_empty()));
            if word.chars().count() <= room {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(&word);
                break;
            }
            if line.is_empty() {
                // Longer than a line: cut.
                let cut = word.char_indices().nth(chars).map_or(word.len(), |(at, _)| at);
                let rest = word.split_off(cut);
                line.push_str(&word);
                word = rest;
            }
            lines.push(String::new());
        }
    }
    lines
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c if c.is_control() => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

/// Colours for a bright and for a dark page; shapes alone carry no meaning that the text does not have.
const STYLE: &str = "\
text{font:12px ui-monospace,monospace;fill:#1b1f24}\
.page{fill:#fff}.title{font-weight:bold;font-size:14px}.headline{fill:#b42318;font-weight:bold}\
.note,.place{fill:#57606a}.lane{font-weight:bold}.of-remark{font-style:italic;font-weight:bold}\
.life{stroke:#d0d7de;stroke-width:2}.switch{fill:none;stroke:#8c959f;stroke-dasharray:3 3}\
.held{fill:#bf8700;opacity:.75}\
.plain{fill:#f6f8fa;stroke:#d0d7de}.takes{fill:#fff3c4;stroke:#bf8700}.gives{fill:#dafbe1;stroke:#2da44e}\
.waits{fill:#ffe8d9;stroke:#e16f24;stroke-dasharray:4 2}.wakes{fill:#ddf4ff;stroke:#218bff}\
.wrong{fill:#ffd7d5;stroke:#cf222e;stroke-width:2}.remark{fill:none;stroke:none}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.page{fill:#0d1117}.headline{fill:#ff7b72}\
.note,.place{fill:#9198a1}.life{stroke:#30363d}.plain{fill:#161b22;stroke:#3d444d}.takes{fill:#3a2d00}\
.gives{fill:#0f2e18}.waits{fill:#3b1f0c}.wakes{fill:#0c2d4a}.wrong{fill:#4a1215}}";

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(lines: &[&str]) -> String {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        svg("a check", "it goes wrong", &lines)
    }

    #[test]
    fn lines_of_both_kinds_of_stories_are_steps_and_others_are_notes() {
        let thread = step(" 7  lib.rs:45:18      thread 1  wait at Barrier#1").expect("a step");
        let wanted = Step { number: "7", place: "lib.rs:45:18", who: "thread 1", text: "wait at Barrier#1" };
        assert_eq!(thread, wanted);
        let remark = step("12                main  -- nobody else came").expect("a step");
        assert_eq!((remark.place, remark.who, remark.text), ("", "main", "-- nobody else came"));
        let process = step("        worker 2    begins task 1 and is held (2 held)").expect("a step");
        assert_eq!((process.who, process.text), ("worker 2", "begins task 1 and is held (2 held)"));
        assert_eq!(step("main waits at lib.rs:4:5 for thread 1 to end"), None);
        assert_eq!(step("... 12 earlier lines"), None);
        assert_eq!(step(""), None);
    }

    #[test]
    fn a_lock_is_a_bar_from_where_it_is_taken_to_where_it_is_given_back() {
        let drawn = picture(&[
            "0  lib.rs:1:1  main  lock Mutex#1<u8>",
            "1  lib.rs:2:1      thread 1  lock Mutex#1<u8>: waits, held by main since lib.rs:1:1",
            "2  lib.rs:3:1  main  unlock Mutex#1<u8>, taken at lib.rs:1:1",
        ]);
        assert_eq!(drawn.matches("class=\"held\"").count(), 1, "{drawn}");
        assert_eq!(drawn.matches("class=\"waits\"").count(), 1, "{drawn}");
        assert_eq!(drawn.matches("class=\"switch\"").count(), 2, "{drawn}");
    }

    #[test]
    fn what_an_answer_says_stays_text() {
        let drawn = picture(&[
            "0  lib.rs:1:1  <script>alert(1)</script>  panics: </text><script>alert(\"x\")&",
            "</style><image href=\"http://elsewhere/\"/>",
        ]);
        assert!(!drawn.contains("<script") && !drawn.contains("<image"), "{drawn}");
        assert_eq!(drawn.matches("<svg").count(), 1);
    }

    #[test]
    fn long_texts_are_wrapped_and_long_stories_keep_their_end() {
        assert!(wrap(&"word ".repeat(40), 30).iter().all(|line| line.chars().count() <= 30));
        assert_eq!(wrap(&"x".repeat(70), 30).len(), 3);
        let lines: Vec<String> = (0..1000).map(|n| format!("{n}  a.rs:1:1  main  step {n}")).collect();
        let drawn = svg("t", "h", &lines);
        assert!(drawn.contains("step 999<") && !drawn.contains("step 799<"));
    }

    #[test]
    fn lanes_stand_in_the_order_of_birth_whoever_comes_first() {
        let lines = ["worker 10", "worker 2", "judge", "own name", "the caller"];
        let lines = lines.map(|who| format!("{who}  does something"));
        let steps: Vec<Step<'_>> = lines
            .iter()
            .map(|line| Step { who: line.split("  ").next().unwrap_or(""), number: "", place: "", text: "" })
            .collect();
        assert_eq!(lanes(&steps), ["the caller", "worker 2", "worker 10", "own name", "judge"]);
    }
}
