//! HTML text and attribute values.

use crate::clean;

/// Text that stays text between tags and inside a quoted attribute.
#[must_use]
pub fn html(text: &str) -> String {
    let plain = clean::line(text);
    let mut out = String::with_capacity(plain.len() + 8);
    for c in plain.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::html;

    #[test]
    fn no_tag_and_no_attribute_can_be_closed() {
        assert_eq!(html("<a href='x' b=\"y\">&"), "&lt;a href=&#39;x&#39; b=&quot;y&quot;&gt;&amp;");
    }
}
