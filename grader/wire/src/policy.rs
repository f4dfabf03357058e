//! What a program in the box may do: how the judge tells `sandbox-init`, on its command line.
//!
//! Knows the words, not what they are made of in the kernel.

use std::ffi::OsString;
use std::path::PathBuf;

/// What the last words begin with of a box that could not be closed. The program has not begun then.
pub const BOX_FAILED: &str = "the box cannot be closed: ";

/// The first argument of a `sandbox-init` that tries from inside what must not work.
pub const CANARY: &str = "--canary";

/// What a program, and each process that it starts, may use at most. What is `None` stays as it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Most {
    /// Processor time, in seconds.
    pub cpu_s: Option<u64>,
    /// Address space, in bytes.
    pub address_bytes: Option<u64>,
    /// What it may reserve for data, in bytes.
    pub data_bytes: Option<u64>,
    /// The largest file, in bytes.
    pub file_bytes: Option<u64>,
    /// The largest image of it that the kernel keeps when it crashes, in bytes.
    pub core_bytes: Option<u64>,
    /// Open descriptors.
    pub open_files: Option<u64>,
    /// Processes and threads of its user.
    pub tasks: Option<u64>,
}

impl Most {
    /// Every limit with its word.
    fn words(&mut self) -> [(&'static str, &mut Option<u64>); 7] {
        [
            ("--cpu", &mut self.cpu_s),
            ("--address", &mut self.address_bytes),
            ("--data", &mut self.data_bytes),
            ("--file", &mut self.file_bytes),
            ("--core", &mut self.core_bytes),
            ("--open", &mut self.open_files),
            ("--tasks", &mut self.tasks),
        ]
    }
}

/// What closes around a program before it begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// What it may use.
    pub most: Most,
    /// Files and folders to read. These three lists count if any is not empty; then whatever stands in
    /// none of them is closed.
    pub reads: Vec<PathBuf>,
    /// Files and folders to read and to execute.
    pub runs: Vec<PathBuf>,
    /// Files to read and to write, and folders to do so below.
    pub writes: Vec<PathBuf>,
    /// Whether system calls that no answer needs are refused.
    pub filter: bool,
    /// Whether the filter also refuses to change rights, owners and dates of files that are not open. A
    /// linker does that.
    pub fixed_rights: bool,
    /// Whether the filter also refuses new sockets.
    pub no_sockets: bool,
    /// Processes that must not be signalled or slowed, on machines where nothing else keeps them apart.
    pub spared: Vec<u32>,
}

impl Policy {
    /// Whether files are closed.
    pub fn closes_files(&self) -> bool {
        !(self.reads.is_empty() && self.runs.is_empty() && self.writes.is_empty())
    }

    /// The policy as arguments; `--` is the last one.
    pub fn to_args(&self) -> Vec<OsString> {
        let mut args = Vec::new();
        let mut add = |flag: &str, value: OsString| args.extend([flag.into(), value]);
        for (flag, most) in { self.most }.words() {
            most.iter().for_each(|most| add(flag, most.to_string().into()));
        }
        for (flag, paths) in [("--read", &self.reads), ("--run", &self.runs), ("--write", &self.writes)] {
            paths.iter().for_each(|path| add(flag, path.into()));
        }
        self.spared.iter().for_each(|pid| add("--spare", pid.to_string().into()));
        if self.filter {
            args.push("--filter".into());
        }
        if self.fixed_rights {
            args.push("--fixed-rights".into());
        }
        if self.no_sockets {
            args.push("--no-sockets".into());
        }
        args.push("--".into());
        args
    }

    /// Reads the policy from the beginning of `args`, and leaves what comes after the `--`. `None` if
    /// there is a word that is no part of a policy, or no end.
    pub fn from_args(args: &mut impl Iterator<Item = OsString>) -> Option<Policy> {
        let mut policy = Policy::default();
        loop {
            let flag = args.next()?;
            let mut number = || args.next()?.to_str()?.parse::<u64>().ok();
            match flag.to_str()? {
                "--" => return Some(policy),
                "--filter" => policy.filter = true,
                "--fixed-rights" => policy.fixed_rights = true,
                "--no-sockets" => policy.no_sockets = true,
                "--spare" => policy.spared.push(number()?.try_into().ok()?),
                "--read" => policy.reads.push(args.next()?.into()),
                "--run" => policy.runs.push(args.next()?.into()),
                "--write" => policy.writes.push(args.next()?.into()),
                flag => {
                    let (_, most) = policy.most.words().into_iter().find(|(word, _)| *word == flag)?;
                    *most = Some(number()?);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_comes_back_as_it_went() {
        let policy = Policy {
            most: Most { tasks: Some(7), cpu_s: Some(3), core_bytes: Some(0), ..Most::default() },
            reads: vec!["/usr/lib".into()],
            runs: vec!["/a b".into(), "/c".into()],
            writes: vec!["/dev/null".into()],
            filter: true,
            fixed_rights: true,
            no_sockets: true,
            spared: vec![1, 2],
        };
        for policy in [policy, Policy::default()] {
            let mut args = policy.to_args().into_iter().chain(["program".into()]);
            assert_eq!(Policy::from_args(&mut args), Some(policy));
            assert_eq!(args.next(), Some("program".into()));
        }
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for args in [&["--tasks", "many", "--"][..], &["--read"], &["--harm", "--"], &[]] {
            assert_eq!(Policy::from_args(&mut args.iter().map(OsString::from)), None, "{args:?}");
        }
    }
}
