//! Question 1, measured jobs: the adapter. The calls are played by the driver of jobs in processes. Judges nothing.

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q1_measure {
    ($answer:ident) => {
        $crate::q1_told!($answer);
        use $answer::api::Model;

        fn elapsed(model: u64, job: &(dyn Fn() -> u64 + Sync)) -> Result<u64, driver::Failure> {
            let model = if model == 0 { Model::Threads } else { Model::Processes };
            let elapsed = $answer::measure::elapsed(model, job).map_err(failure)?;
            Ok(elapsed.as_nanos().try_into().unwrap_or(u64::MAX))
        }

        fn main() {
            $crate::serve(&driver::Driver { run: None, elapsed: Some(elapsed) })
        }
    };
}
