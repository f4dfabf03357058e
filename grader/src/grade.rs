//! Grading one answer to one question: every stage of the flow, in order.

use crate::build::{self, Built, Diagnosis, Outcome, Workshop};
use crate::cache::Cache;
use crate::catalogue::{Check, Kind, Question};
use crate::error::{GraderError, Result};
use crate::experiment::{Numbers, Rules, World};
use crate::fault::Fault;
use crate::judge::{self, Assessment};
use crate::lanes::{self, Lanes, Load};
use crate::replay::Code;
use crate::report::{self, CheckReport, QuestionReport};
use crate::run::{self, Enclosures, Plan};
use crate::submission::Submission;
use crate::trials;
use crate::verdict::{Doubt, DoubtKind, Finding, Refusal, Verdict};
use std::collections::BTreeSet;
use std::slice;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use wire::Schedule;

/// How to grade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Decides all challenges and schedules.
    pub seed: u32,
    /// Multiplies the number of schedules: 1, or more for a deep look.
    pub depth: u32,
    /// How many builds and checks are under way at the same time. Of process questions twice as many trials, since
    /// a trial consists of waiting for the most part.
    pub lanes: usize,
}

impl Settings {
    /// As many lanes as there are processors.
    pub fn new(seed: u32) -> Self {
        let lanes = thread::available_parallelism().map_or(1, usize::from);
        Self { seed, depth: 1, lanes }
    }
}

/// How the files of a piece of a question are read.
pub type Reader<'a> = dyn Fn(&Question) -> Result<std::result::Result<Submission, Refusal>> + Sync + 'a;

/// Grades an answer piece by piece, several at a time: what is wrong with a part costs nothing in another one, also
/// when it does not compile. With a `cache`, parts that have not changed since are not graded again.
///
/// # Errors
///
/// Only what is no fault of the answer.
pub fn grade_pieces(
    workshop: &Workshop,
    question: &Question,
    read: &Reader<'_>,
    settings: Settings,
    cache: Option<&Cache>,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<QuestionReport> {
    let reports = grade_questions(workshop, slice::from_ref(question), read, settings, cache, progress)?;
    reports.into_iter().next().ok_or_else(|| GraderError::bug("a question without a report"))
}

/// The same for the answers to several questions, whose reports come in the questions' order.
///
/// # Errors
///
/// As [`grade_pieces`].
pub fn grade_questions(
    workshop: &Workshop,
    questions: &[Question],
    read: &Reader<'_>,
    settings: Settings,
    cache: Option<&Cache>,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Vec<QuestionReport>> {
    let mut pieces = Vec::new();
    for (place, question) in questions.iter().enumerate() {
        for piece in question.pieces() {
            let answer = read(&piece)?;
            let kept = match (cache, &answer) {
                (Some(cache), Ok(answer)) if piece.part.is_some() => cache.find(&piece, answer),
                _ => None,
            };
            pieces.push((place, piece, answer, kept));
        }
    }
    // All pieces at once, in the same lanes and boxes: no lane is idle while any piece has work left.
    let shared = Lanes::new(settings.lanes);
    let enclosures = Enclosures::new(&workshop.sandbox)?;
    let watches = |(_, piece, _, kept): &(usize, Question, _, Option<_>)| {
        kept.is_none() && piece.kind == Kind::Processes
    };
    let one = |number: usize| {
        let (_, piece, answer, kept) = &pieces[number];
        if let Some(kept) = kept {
            return Ok(kept.clone());
        }
        // Of several at once nobody could follow the single checks.
        let within: &(dyn Fn(&str) + Sync) = if pieces.len() == 1 { progress } else { &|_| () };
        progress(&format!("{} of {}: {}", number + 1, pieces.len(), piece.driver()));
        let report = grade_in(&shared, &enclosures, workshop, piece, answer, settings, within)?;
        if let (Some(cache), Ok(answer), true) = (cache, answer, piece.part.is_some()) {
            cache.keep(piece, answer, &report.checks);
        }
        Ok(report.checks)
    };
    let graded = thread::scope(|scope| {
        if workshop.keeps_programs() && pieces.iter().any(watches) {
            // The first thing that is done is compiling, which leaves a processor free. In a class another answer has it, and
            // many do not compile.
            scope.spawn(|| enclosures.make_ready(shared.quarters()));
        }
        lanes::for_each(pieces.len(), pieces.len(), one)
    })?;
    let mut reports: Vec<QuestionReport> =
        questions.iter().map(|question| QuestionReport::new(question, Vec::new())).collect();
    for ((place, piece, _, kept), checks) in pieces.iter().zip(graded) {
        reports[*place].checks.extend(checks);
        if kept.is_some() {
            reports[*place].kept.push(piece.part_name().to_owned());
        }
    }
    Ok(reports)
}

/// Grades an answer: builds it, then judges it.
///
/// # Errors
///
/// Only what is no fault of the answer.
pub fn grade(
    workshop: &Workshop,
    question: &Question,
    submission: &std::result::Result<Submission, Refusal>,
    settings: Settings,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<QuestionReport> {
    let enclosures = Enclosures::new(&workshop.sandbox)?;
    grade_in(&Lanes::new(settings.lanes), &enclosures, workshop, question, submission, settings, progress)
}

fn grade_in(
    lanes: &Lanes,
    enclosures: &Enclosures<'_>,
    workshop: &Workshop,
    question: &Question,
    submission: &std::result::Result<Submission, Refusal>,
    settings: Settings,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<QuestionReport> {
    let submission = match submission {
        Ok(submission) => submission,
        Err(refusal) => return Ok(all_alike(question, &Verdict::Refused(refusal.clone()))),
    };
    progress("compiling your answer");
    let built = build::build_in(lanes, workshop, question, submission)?;
    judge_in(lanes, enclosures, question, &built, settings, progress)
}

/// Judges an answer that was built before; may be called again and again.
///
/// # Errors
///
/// Only what is no fault of the answer.
pub fn judge_built(
    workshop: &Workshop,
    question: &Question,
    built: &Built,
    settings: Settings,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<QuestionReport> {
    let enclosures = Enclosures::new(&workshop.sandbox)?;
    judge_in(&Lanes::new(settings.lanes), &enclosures, question, built, settings, progress)
}

fn judge_in(
    lanes: &Lanes,
    enclosures: &Enclosures<'_>,
    question: &Question,
    built: &Built,
    settings: Settings,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<QuestionReport> {
    match &built.real {
        Outcome::Program(_) | Outcome::NotAsked => {}
        Outcome::Error(diagnosis) => return Ok(all_alike(question, &compile_verdict(diagnosis))),
        Outcome::Misfit(diagnosis) => return Ok(all_alike(question, &misfit_verdict(diagnosis))),
        Outcome::Refused(refusal) => return Ok(all_alike(question, &Verdict::Refused(refusal.clone()))),
        Outcome::Trouble(diagnosis) => {
            return Ok(all_alike(question, &Verdict::Inconclusive(trouble(diagnosis))));
        }
    }
    if question.kind == Kind::Processes {
        let reports = trials::judge_all(lanes, enclosures, question, built, settings, progress)?;
        return Ok(QuestionReport::new(question, reports));
    }
    let court = Court { lanes, enclosures, built, settings, hurry: AtomicBool::new(false), progress };
    let reports = court.judge_all(&question.checks)?;
    Ok(QuestionReport::new(question, reports))
}

/// Plays one schedule again. `None` when nothing is wrong with it any more.
///
/// # Errors
///
/// As [`grade`]; also if the answer does not compile.
pub fn replay(
    workshop: &Workshop,
    question: &Question,
    built: &Built,
    code: &Code,
) -> Result<Option<Finding>> {
    let check = code.check(question)?;
    let program = match built.outcome(code.world) {
        Outcome::Program(program) => program,
        _ => {
            return Err(GraderError::usage(format!(
                "the answer does not compile any more; run `cargo xtask grade {}`",
                question.short
            )));
        }
    };
    let Some(rules) = check.rules() else {
        return Ok(trials::replay(workshop, check, program, code)?.map(report::cleaned));
    };
    let experiment = code.experiment_of(rules)?;
    let plan = Plan { program, world: code.world, seed: code.seed.into(), depth: 1 };
    let enclosures = Enclosures::new(&workshop.sandbox)?;
    if code.world == World::Model {
        let told = tell(&enclosures, plan, rules, &experiment, code)?;
        return Ok(told.map(report::cleaned));
    }
    let experiments = [experiment];
    let played = run::play(&enclosures, plan, &experiments, false)?;
    Ok(match judge::assess(rules, &experiments, &played) {
        Assessment::Wrong { wrong, .. } => Some(report::cleaned(Finding::new(wrong, code))),
        _ => None,
    })
}

/// The finding of one schedule, with its story.
fn tell(
    enclosures: &Enclosures<'_>,
    plan: Plan<'_>,
    rules: &Rules,
    experiment: &crate::experiment::Experiment,
    code: &Code,
) -> Result<Option<Finding>> {
    let Some((run, story)) = run::tell(enclosures, plan, experiment, code.schedule)? else {
        return Ok(None);
    };
    let Err(mut wrong) = judge::judge_run(rules, experiment, &run) else { return Ok(None) };
    wrong.evidence.extend(story);
    Ok(Some(Finding::new(wrong, code)))
}

fn all_alike(question: &Question, verdict: &Verdict) -> QuestionReport {
    let report = |check: &Check| CheckReport::new(check, verdict.clone(), 0);
    QuestionReport::new(question, question.checks.iter().map(report).collect())
}

fn compile_verdict(diagnosis: &Diagnosis) -> Verdict {
    let forbids_unsafe = diagnosis.code == "unsafe_code" || diagnosis.message.contains("allow(unsafe_code)");
    if forbids_unsafe {
        let mut evidence = diagnosis.lines.clone();
        evidence.truncate(1);
        evidence.push("No question of this course needs `unsafe`: say it with std.".into());
        return Verdict::Refused(Refusal {
            headline: "`unsafe` is not allowed in an answer".into(),
            evidence,
        });
    }
    compile_error(format!("the answer does not compile: {}", diagnosis.message), diagnosis)
}

fn misfit_verdict(diagnosis: &Diagnosis) -> Verdict {
    let what = &diagnosis.message;
    let mut verdict =
        compile_error(format!("the answer does not offer what the question asks for: {what}"), diagnosis);
    if let Verdict::Fail(finding) = &mut verdict {
        finding.evidence = vec!["Compare names and types with the signatures in the README.".into()];
    }
    verdict
}

fn compile_error(headline: String, diagnosis: &Diagnosis) -> Verdict {
    let evidence = diagnosis.lines.clone();
    Verdict::Fail(Finding { fault: Fault::CompileError, headline, evidence, replay: None })
}

impl Tried {
    /// A world that has no say.
    fn nothing() -> Self {
        Self { assessment: Assessment::Sound, runs: 0, seen: BTreeSet::new() }
    }
}

/// Judges the checks of one answer.
struct Court<'a> {
    lanes: &'a Lanes,
    enclosures: &'a Enclosures<'a>,
    built: &'a Built,
    settings: Settings,
    /// The answer has come to no end somewhere: do not wait as long for the rest.
    hurry: AtomicBool,
    progress: &'a (dyn Fn(&str) + Sync),
}

/// One check's way through both worlds.
struct Case {
    real: Assessment,
    model: Option<Assessment>,
    schedules: u32,
    /// The words that the model world has on record.
    seen: BTreeSet<u64>,
}

impl Case {
    /// Whether a world came to no end without a proof of anything.
    fn has_no_end(&self) -> bool {
        is_endless(&self.real) || self.model.as_ref().is_some_and(is_endless)
    }
}

/// What a check came to in one world.
struct Tried {
    assessment: Assessment,
    runs: u32,
    seen: BTreeSet<u64>,
}

impl Court<'_> {
    /// Judges all checks, several at a time.
    fn judge_all(&self, checks: &[Check]) -> Result<Vec<CheckReport>> {
        let cases = self.lanes.for_each(checks.len(), Load::Whole, |number| {
            let check = &checks[number];
            (self.progress)(&format!("check {} of {}: {}", number + 1, checks.len(), check.id));
            self.try_both(check)
        })?;
        let mut again_in_vain = false;
        let mut reports = Vec::new();
        for (check, mut case) in checks.iter().zip(cases) {
            if case.has_no_end() && !again_in_vain {
                // Perhaps the machine was too busy: once more, alone.
                (self.progress)(&format!("{} came to no end; once more, alone", check.id));
                self.hurry.store(false, Ordering::Relaxed);
                case = self.try_both(check)?;
                again_in_vain = case.has_no_end();
            }
            let schedules = case.schedules;
            reports.push(CheckReport::new(check, self.decide(check, case)?, schedules));
        }
        Ok(reports)
    }

    fn try_both(&self, check: &Check) -> Result<Case> {
        let real = self.try_in(check, World::Real)?.map_or(Assessment::Sound, |tried| tried.assessment);
        let stop = match &real {
            Assessment::NotStarted => true,
            Assessment::Wrong { hopeless, .. } => *hopeless,
            _ => false,
        };
        let model = if stop { Some(Tried::nothing()) } else { self.try_in(check, World::Model)? };
        Ok(match model {
            Some(Tried { assessment, runs, seen }) => {
                Case { real, model: Some(assessment), schedules: runs, seen }
            }
            None => Case { real, model: None, schedules: 0, seen: BTreeSet::new() },
        })
    }

    /// `None` if there is no respondent for this world.
    fn try_in(&self, check: &Check, world: World) -> Result<Option<Tried>> {
        let Outcome::Program(program) = self.built.outcome(world) else { return Ok(None) };
        let rules = check.rules().ok_or_else(|| GraderError::bug("no rules for threads"))?;
        let experiments = (rules.experiments)(world, &mut Numbers::new(self.settings.seed.into()));
        if experiments.is_empty() {
            return Ok(Some(Tried::nothing()));
        }
        let hurry = self.hurry.load(Ordering::Relaxed);
        let played = run::play(self.enclosures, self.plan(program, world), &experiments, hurry)?;
        let assessment = judge::assess(rules, &experiments, &played);
        if is_endless(&assessment) || is_timeout(&assessment) {
            self.hurry.store(true, Ordering::Relaxed);
        }
        let runs = played.runs.iter().map(Vec::len).sum::<usize>();
        let entries = played.runs.iter().flatten().flat_map(|run| &run.entries);
        let seen = entries.map(|entry| entry.word).collect();
        Ok(Some(Tried { assessment, runs: u32::try_from(runs).unwrap_or(u32::MAX), seen }))
    }

    fn plan<'p>(&self, program: &'p std::path::Path, world: World) -> Plan<'p> {
        Plan { program, world, seed: self.settings.seed.into(), depth: self.settings.depth }
    }

    /// Weighs the two worlds: the model's finding comes first, since it has a story.
    fn decide(&self, check: &Check, case: Case) -> Result<Verdict> {
        let Case { mut real, model, seen, .. } = case;
        if let Assessment::Wrong { wrong, .. } = &real
            && wrong.unless_seen.is_some_and(|word| seen.contains(&word))
        {
            real = Assessment::Sound; // the model world has seen it and knows why
        }
        if matches!(real, Assessment::NotStarted) || matches!(model, Some(Assessment::NotStarted)) {
            return Ok(Verdict::NotStarted);
        }
        if let Some(Assessment::Wrong { .. }) = model {
            return self.find(check, World::Model, model.into_iter().next());
        }
        if let Assessment::Wrong { .. } = real {
            return self.find(check, World::Real, Some(real));
        }
        Ok(match (real, model) {
            (Assessment::Doubtful(doubt), _) | (_, Some(Assessment::Doubtful(doubt))) => {
                Verdict::Inconclusive(doubt)
            }
            (_, None) => Verdict::Inconclusive(self.gap()),
            _ => Verdict::Pass,
        })
    }

    /// Makes a finding; in the model world the schedule is played once more for its story.
    fn find(&self, check: &Check, world: World, assessment: Option<Assessment>) -> Result<Verdict> {
        let Some(Assessment::Wrong { wrong, experiment, schedule, .. }) = assessment else {
            return Err(GraderError::bug("a finding without a fault"));
        };
        let none = Schedule { index: 0, horizon: 0 };
        let code = Code {
            check: check.name().to_owned(),
            world,
            experiment,
            seed: self.settings.seed,
            schedule: schedule.unwrap_or(none),
        };
        if let (World::Model, Some(_), Outcome::Program(program), Some(rules)) =
            (world, schedule, &self.built.model, check.rules())
        {
            let experiments = (rules.experiments)(world, &mut Numbers::new(self.settings.seed.into()));
            let plan = self.plan(program, world);
            if let Some(finding) = tell(self.enclosures, plan, rules, &experiments[experiment], &code)? {
                return Ok(Verdict::Fail(Finding { fault: wrong.fault, ..finding }));
            }
        }
        Ok(Verdict::Fail(Finding::new(wrong, &code)))
    }

    /// The answer compiles against the real std, but not against ours.
    fn gap(&self) -> Doubt {
        let diagnosis = match &self.built.model {
            Outcome::Error(diagnosis) | Outcome::Misfit(diagnosis) => diagnosis,
            Outcome::Trouble(diagnosis) => return trouble(diagnosis),
            // Never asked for then.
            Outcome::Program(_) | Outcome::Refused(_) | Outcome::NotAsked => &Diagnosis::default(),
        };
        let mut evidence = diagnosis.lines.clone();
        evidence
            .push("It was run with the real std and nothing wrong was seen; an instructor decides.".into());
        Doubt {
            kind: DoubtKind::EngineGap,
            headline: format!("the explorer does not know this part of std yet: {}", diagnosis.message),
            evidence,
        }
    }
}

/// Compiling failed, and not because of the answer.
fn trouble(diagnosis: &Diagnosis) -> Doubt {
    Doubt {
        kind: DoubtKind::Machine,
        headline: format!("the answer could not be compiled here: {}", diagnosis.message),
        evidence: vec![
            "The compiler blames no line of the answer; grade again when the machine is well.".into(),
        ],
    }
}

pub(crate) fn is_endless(assessment: &Assessment) -> bool {
    matches!(assessment, Assessment::Doubtful(doubt) if doubt.kind == DoubtKind::NoEnd)
}

pub(crate) fn is_timeout(assessment: &Assessment) -> bool {
    matches!(assessment, Assessment::Wrong { wrong, .. } if wrong.fault == Fault::Timeout)
}
