//! Commits.

/// The length of a short commit, as GitHub shows it.
const LENGTH: usize = 7;

/// The commit in the form people read: its first seven letters and digits. Other characters are dropped, so that the
/// result is safe in any format.
#[must_use]
pub fn short_commit(commit: &str) -> String {
    commit.chars().filter(char::is_ascii_alphanumeric).take(LENGTH).collect()
}

/// Whether a text is a commit, or the beginning of one that is long enough to be told from others.
#[must_use]
pub fn is_commit(text: &str) -> bool {
    (LENGTH..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::short_commit;

    #[test]
    fn a_commit_is_cut_to_what_is_safe_and_enough() {
        assert_eq!(short_commit("0123456789abcdef0123456789abcdef01234567"), "0123456");
        assert_eq!(short_commit("ab`](x)"), "abx");
        assert_eq!(short_commit(""), "");
    }
}
