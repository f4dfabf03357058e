//! Visible examples: a first look at what is asked. The grader does not read this file.

use pretty_assertions::assert_eq;
use q6_failures::retry::retry;
use std::num::NonZeroU32;
use std::time::Duration;

const THREE: NonZeroU32 = NonZeroU32::new(3).expect("3 is not 0");

#[test]
fn the_second_try_succeeds() {
    let mut tries = 0;
    let result = retry(
        THREE,
        |_| Duration::ZERO,
        || {
            tries += 1;
            if tries == 2 { Ok("connected") } else { Err("refused") }
        },
        Err,
    );
    assert_eq!((result, tries), (Ok("connected"), 2));
}

#[test]
fn the_fallback_gets_the_last_error() {
    let (mut tries, mut pauses) = (0, Vec::new());
    let result: Result<String, String> = retry(
        THREE,
        |failed| {
            pauses.push(failed);
            Duration::from_millis(1)
        },
        || {
            tries += 1;
            Err(format!("failure {tries}"))
        },
        |error| Ok(format!("from the cache, after {error}")),
    );
    assert_eq!(result, Ok("from the cache, after failure 3".to_owned()));
    assert_eq!(pauses, [1, 2]);
}
