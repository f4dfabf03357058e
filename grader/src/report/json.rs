//! The report for programs: schema 1.

use super::{CheckReport, Report};
use crate::score::Score;
use crate::verdict::Verdict;
use serde_json::{Value, json};

/// The whole report as one document.
pub fn json(report: &Report) -> Value {
    let layers: serde_json::Map<String, Value> = report
        .layers
        .list()
        .into_iter()
        .map(|(name, holds)| (name.to_lowercase().replace(' ', "_"), holds.into()))
        .chain([
            ("rung".to_owned(), format!("{:?}", report.layers.rung()).into()),
            ("open".to_owned(), report.layers.open.clone().into()),
        ])
        .collect();
    let questions: Vec<Value> = report
        .questions
        .iter()
        .map(|question| {
            json!({
                "question": question.question,
                "score": points(question.score()),
                "checks": question.checks.iter().map(one_check).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({ "schema": 1, "sandbox": layers, "questions": questions })
}

fn points(score: Score) -> Value {
    json!({ "earned": score.earned, "open": score.open, "possible": score.possible })
}

fn one_check(check: &CheckReport) -> Value {
    let (fault, headline, evidence, replay) = match &check.verdict {
        Verdict::Pass | Verdict::NotStarted => (None, "", &[][..], None),
        Verdict::Fail(finding) => (
            Some(finding.fault.word()),
            finding.headline.as_str(),
            finding.evidence.as_slice(),
            finding.replay.as_deref(),
        ),
        Verdict::Refused(refusal) => (None, refusal.headline.as_str(), refusal.evidence.as_slice(), None),
        Verdict::Inconclusive(doubt) => {
            (Some(doubt.kind.word()), doubt.headline.as_str(), doubt.evidence.as_slice(), None)
        }
    };
    json!({
        "id": check.id,
        "points": points(check.score()),
        "verdict": check.verdict.word(),
        "fault": fault,
        "headline": headline,
        "evidence": evidence,
        "replay": replay,
        // Whether the evidence was gathered inside the respondent's process: by runs that were
        // judged, behind `-F unsafe_code`. What the compiler or the kernel says was not.
        "in_process": matches!(&check.verdict, Verdict::Pass | Verdict::NotStarted) || replay.is_some(),
        "schedules": check.schedules,
    })
}
