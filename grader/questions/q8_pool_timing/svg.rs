//! As much of SVG as a bar chart needs: tags, their attributes, and the text that follows them.

/// A start tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// As in `rect`.
    pub(super) name: &'a str,
    /// From `<` up to and including `>`.
    pub(super) text: &'a str,
    /// What stands between it and its end tag, or the next one if it has none.
    pub(super) content: &'a str,
}

/// All start tags, in order; what stands in comments is none. `None` if one has no end.
pub(super) fn tags(text: &str) -> Option<Vec<Tag<'_>>> {
    let (mut tags, mut rest) = (Vec::new(), text);
    while let Some(place) = rest.find('<') {
        let here = &rest[place..];
        let end = match here {
            _ if here.starts_with("<!--") => here.find("-->")? + 2,
            _ if here.starts_with("<?") || here.starts_with("<!") => here.find('>')?,
            _ => end_of_tag(here)?,
        };
        rest = &here[end + 1..];
        let name = here[1..].split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        if !name.is_empty() {
            let closing = rest.find(&format!("</{name}")).or_else(|| rest.find('<'));
            let content = &rest[..closing.unwrap_or(rest.len())];
            tags.push(Tag { name, text: &here[..=end], content });
        }
    }
    Some(tags)
}

/// Where the `>` of a tag stands, outside of quotes.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    text.char_indices().find_map(|(place, letter)| {
        match quote {
            Some(open) if open == letter => quote = None,
            Some(_) => {}
            None if letter == '"' || letter == '\'' => quote = Some(letter),
            None if letter == '>' => return Some(place),
            None => {}
        }
        None
    })
}

/// The value of an attribute of a tag.
pub(super) fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.match_indices(name).find_map(|(place, _)| {
        let before = tag[..place].chars().next_back()?;
        let value = tag[place + name.len()..].trim_start().strip_prefix('=')?.trim_start();
        let quote = value.chars().next().filter(|quote| ['"', '\''].contains(quote))?;
        let value = value[1..].split(quote).next()?;
        before.is_ascii_whitespace().then_some(value)
    })
}

/// A number with or without a unit: a chart does not mix them.
pub(super) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let bare = ["px", "%", "em", "rem", "pt", "mm", "cm", "in"].into_iter().find_map(|unit| text.strip_suffix(unit));
    let number: f64 = bare.unwrap_or(text).trim_end().parse().ok()?;
    number.is_finite().then_some(number)
}

/// Whether every `&` begins the name or the number of a letter, as XML demands.
pub(super) fn is_escaped(text: &str) -> bool {
    text.split('&').skip(1).all(|rest| {
        let name = rest.split_once(';').map_or("", |(name, _)| name);
        let digits = |digits: &str| !digits.is_empty() && digits.chars().all(|c| c.is_ascii_hexdigit());
        ["amp", "lt", "gt", "quot", "apos"].contains(&name)
            || name.strip_prefix('#').is_some_and(|number| digits(number.strip_prefix('x').unwrap_or(number)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_with_attributes_and_content() {
        let text =
            "<?xml?><!-- <rect> --><svg a='>'><text x = \"1\" xy='2'>2 workers</text><rect y='3px'/></svg>";
        let tags = tags(text).expect("tags");
        assert_eq!(tags.iter().map(|tag| tag.name).collect::<Vec<_>>(), ["svg", "text", "rect"]);
        assert_eq!((attribute(tags[1].text, "x"), tags[1].content), (Some("1"), "2 workers"));
        assert_eq!(attribute(tags[2].text, "y").and_then(number), Some(3.0));
        assert_eq!(attribute(tags[2].text, "x"), None);
    }

    #[test]
    fn units_are_read_and_bare_ampersands_are_found() {
        assert_eq!(["1", "2 px", "3%", "x"].map(number), [Some(1.0), Some(2.0), Some(3.0), None]);
        assert!(is_escaped("a &amp; b &#8212; &#x2014;"));
        for bare in ["a & b", "a &b; c", "&#;", "&"] {
            assert!(!is_escaped(bare), "{bare}");
        }
    }
}
