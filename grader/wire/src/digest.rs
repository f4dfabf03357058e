//! Numbers that stand for bytes, so that long answers need not be sent, and long texts that a number stands for: both
//! sides compute them. Here, and not where they are used, since here it is done fast.
//!
//! Good against mistakes, not against somebody who looks for two texts of one number.

use std::fmt::Write;

/// FNV-1a with 64 bits (Fowler, Noll and Vo).
#[must_use]
pub fn digest(bytes: &[u8]) -> u64 {
    digest_after(0, &[bytes])
}

/// The same of bytes, in pieces, that come after others, whose number is `before`.
#[must_use]
pub fn digest_after(before: u64, pieces: &[&[u8]]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    pieces.iter().copied().flatten().fold(0xcbf2_9ce4_8422_2325 ^ before, step)
}

/// A text of so many bytes that has this number written all over it.
///
/// # Panics
///
/// If there is no memory for it.
#[must_use]
pub fn long_text(number: u64, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 64);
    while text.len() < bytes {
        let at = text.len();
        let _ = write!(text, "{number} at {at}; "); // a String takes it all
    }
    text.truncate(bytes);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_texts_have_their_numbers() {
        // From the authors' own list of test vectors.
        assert_eq!(digest(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(digest(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(digest(b"foobar"), 0x8594_4171_f739_67e8);
        assert_eq!(digest_after(0, &[b"foo", b"", b"bar"]), digest(b"foobar"));
        assert_ne!(digest_after(1, &[b"a"]), digest_after(2, &[b"a"]));
    }

    #[test]
    fn a_long_text_has_its_length_and_its_number_everywhere() {
        assert_eq!(long_text(7, 0), "");
        assert_eq!(long_text(7, 15), "7 at 0; 7 at 8;");
        assert_ne!(long_text(7, 1000)[900..], long_text(8, 1000)[900..]);
    }
}
