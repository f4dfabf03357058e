//! Values to bytes and back, in the [postcard](https://docs.rs/postcard) format. It knows no pipes:
//! where one message ends and the next begins is the business of whoever sends them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::error::Error;
use std::fmt;

/// A value could not be turned into bytes, or bytes are not the value that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodecError {
    /// What is wrong, in words for people.
    pub message: String,
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for CodecError {}

/// Turns `value` into bytes. Never blocks.
///
/// ```
/// let bytes = toolkit::codec::encode(&(3_u64, "three"))?;
/// assert_eq!(toolkit::codec::decode::<(u64, String)>(&bytes)?, (3, "three".to_owned()));
/// # Ok::<(), toolkit::CodecError>(())
/// ```
///
/// # Errors
///
/// If the value's `Serialize` refuses, or wants something that the format does not have, such as a
/// sequence whose length is not known at its beginning.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, CodecError> {
    postcard::to_allocvec(value).map_err(explain)
}

/// Does what [`encode`] does, but appends the bytes to `buffer`: who encodes many values one after
/// the other needs no new memory for each. Never blocks.
///
/// ```
/// let mut buffer = vec![1];
/// toolkit::codec::encode_into(&2_u8, &mut buffer)?;
/// assert_eq!(buffer, [1, 2]);
/// # Ok::<(), toolkit::CodecError>(())
/// ```
///
/// # Errors
///
/// As for [`encode`]. `buffer` is then as long as it was before.
pub fn encode_into<T: Serialize>(value: &T, buffer: &mut Vec<u8>) -> Result<(), CodecError> {
    let before = buffer.len();
    match postcard::to_extend(value, Tail(buffer)) {
        Ok(_) => Ok(()),
        Err(error) => {
            buffer.truncate(before);
            Err(explain(error))
        }
    }
}

/// The end of a buffer that somebody else owns, so that it is still there after an error.
struct Tail<'a>(&'a mut Vec<u8>);

impl Extend<u8> for Tail<'_> {
    fn extend<I: IntoIterator<Item = u8>>(&mut self, bytes: I) {
        self.0.extend(bytes);
    }
}

/// Turns `bytes` back into a value. All of them must belong to it. Never blocks.
///
/// The bytes do not say what type they came from: ask for the type that was encoded.
///
/// ```
/// assert!(toolkit::codec::decode::<String>(&[5, b'a']).is_err());
/// ```
///
/// # Errors
///
/// If the bytes end early, go on after the value, or stand for no value of this type.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let (value, rest) = postcard::take_from_bytes(bytes).map_err(explain)?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(CodecError { message: format!("{} bytes are left after the value", rest.len()) })
    }
}

fn explain(error: postcard::Error) -> CodecError {
    CodecError { message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back_as_it_was() {
        let value = (u64::MAX, -1_i64, "text".to_owned(), vec![Some(1.5_f64), None]);
        assert_eq!(decode(&encode(&value).unwrap()), Ok(value));
    }

    #[test]
    fn bytes_that_are_too_few_or_too_many_are_refused() {
        let bytes = encode(&[1_u64, 300]).unwrap();
        assert!(decode::<[u64; 2]>(&bytes[..bytes.len() - 1]).is_err());
        assert!(decode::<u64>(&bytes).unwrap_err().message.contains("left"));
    }

    #[test]
    fn a_sequence_of_unknown_length_is_refused() {
        struct Endless;
        impl Serialize for Endless {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serde::ser::SerializeSeq::end(serializer.serialize_seq(None)?)
            }
        }
        assert!(!encode(&Endless).unwrap_err().message.is_empty());
        let mut buffer = vec![1, 2];
        assert!(encode_into(&("begun", Endless), &mut buffer).is_err());
        assert_eq!(buffer, [1, 2]);
    }
}
