//! The report for programs: schema 1.

use super::{CheckReport, QuizReport, Report};
use crate::fault::Fault;
use crate::quiz;
use crate::score::Score;
use crate::verdict::{Finding, Refusal, Verdict};
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
                "checks": question.checks.iter().map(check).collect::<Vec<_>>(),
                "quiz": question.quiz.as_ref().map(quiz_value),
            })
        })
        .collect();
    json!({ "schema": 1, "sandbox": layers, "questions": questions })
}

fn points(score: Score) -> Value {
    json!({ "earned": score.earned, "open": score.open, "possible": score.possible })
}

fn quiz_value(report: &QuizReport) -> Value {
    let QuizReport { marked, refused } = report;
    json!({
        "points": points(marked.score()),
        "items": quiz::items_json(marked),
        "unknown_items": marked.strangers,
        "refused": refused.as_ref().map(|refusal| &refusal.headline),
    })
}

/// One check.
pub(crate) fn check(check: &CheckReport) -> Value {
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
        "part": check.part,
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

/// Reads a verdict from what [`check`] makes of one; nothing if it is not certain.
pub(crate) fn verdict_of(value: &Value) -> Option<Verdict> {
    let text = |key: &str| Some(value[key].as_str()?.to_owned());
    let lines = value["evidence"].as_array()?.iter().map(|line| line.as_str().map(str::to_owned));
    let evidence = lines.collect::<Option<Vec<_>>>()?;
    Some(match value["verdict"].as_str()? {
        "pass" => Verdict::Pass,
        "not_started" => Verdict::NotStarted,
        "refused" => Verdict::Refused(Refusal { headline: text("headline")?, evidence }),
        "fail" => Verdict::Fail(Finding {
            fault: Fault::from_word(value["fault"].as_str()?)?,
            headline: text("headline")?,
            evidence,
            replay: text("replay"),
        }),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;
    use crate::verdict::{Doubt, DoubtKind};

    #[test]
    fn a_certain_verdict_comes_back_as_it_went() {
        let question = catalogue::find("q4").expect("q4");
        let again = |verdict: Verdict| verdict_of(&check(&CheckReport::new(&question.checks[0], verdict, 7)));
        let evidence = vec!["a line".to_owned()];
        let finding = |replay| Finding {
            fault: Fault::Race,
            headline: "lost".into(),
            evidence: evidence.clone(),
            replay,
        };
        for verdict in [
            Verdict::Pass,
            Verdict::NotStarted,
            Verdict::Fail(finding(None)),
            Verdict::Fail(finding(Some("x-m0-00000000-0-0".into()))),
            Verdict::Refused(Refusal { headline: "too large".into(), evidence: evidence.clone() }),
        ] {
            assert_eq!(again(verdict.clone()), Some(verdict));
        }
        let doubt = Doubt { kind: DoubtKind::NoEnd, headline: String::new(), evidence };
        assert_eq!(again(Verdict::Inconclusive(doubt)), None);
    }
}
