//! The expressions of job filters: `pipeline.git.branch == "main" or (pipeline.git.tag matches /^v.*$/)`.

use std::collections::BTreeMap;

use super::Compiled;

/// Evaluates an expression; a pipeline value that is not among `values` is an error, as for CircleCI's compiler.
pub(in crate::orb) fn holds(text: &str, values: &BTreeMap<String, String>) -> Compiled<bool> {
    let mut reader = Reader { words: words(text)?, at: 0, values };
    let result = reader.or()?;
    match reader.words.get(reader.at) {
        None => Ok(result.truth()),
        Some(word) => Err(format!("unexpected {word:?} in the expression {text}")),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Word {
    Open,
    Close,
    /// A value, an operator or `and`, `or`, `not`.
    Name(String),
    Text(String),
    Pattern(String),
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Text(String),
    Flag(bool),
}

impl Outcome {
    fn truth(&self) -> bool {
        match self {
            Self::Text(text) => !text.is_empty(),
            Self::Flag(flag) => *flag,
        }
    }
}

fn words(text: &str) -> Compiled<Vec<Word>> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '(' => (Word::Open, &rest[1..]),
            ')' => (Word::Close, &rest[1..]),
            '"' | '/' => {
                let (inner, after) = rest[1..].split_once(first).ok_or(format!("{first} is not closed in {text}"))?;
                (if first == '"' { Word::Text(inner.to_owned()) } else { Word::Pattern(inner.to_owned()) }, after)
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "()\"/".contains(c)).unwrap_or(rest.len());
                (Word::Name(rest[..end].to_owned()), &rest[end..])
            }
        };
        out.push(word);
        rest = after.trim_start();
    }
    Ok(out)
}

struct Reader<'a> {
    words: Vec<Word>,
    at: usize,
    values: &'a BTreeMap<String, String>,
}

impl Reader<'_> {
    fn take(&mut self, name: &str) -> bool {
        let found = self.words.get(self.at) == Some(&Word::Name(name.to_owned()));
        self.at += usize::from(found);
        found
    }

    fn next(&mut self) -> Compiled<Word> {
        let word = self.words.get(self.at).cloned().ok_or("the expression ends too early")?;
        self.at += 1;
        Ok(word)
    }

    fn or(&mut self) -> Compiled<Outcome> {
        let mut left = self.and()?;
        while self.take("or") {
            left = Outcome::Flag(self.and()?.truth() || left.truth());
        }
        Ok(left)
    }

    fn and(&mut self) -> Compiled<Outcome> {
        let mut left = self.comparison()?;
        while self.take("and") {
            left = Outcome::Flag(self.comparison()?.truth() && left.truth());
        }
        Ok(left)
    }

    /// `not` binds tighter than a comparison.
    fn comparison(&mut self) -> Compiled<Outcome> {
        let left = self.operand()?;
        for operator in ["==", "!=", "starts-with", "matches"] {
            if !self.take(operator) {
                continue;
            }
            let Outcome::Text(left) = &left else { return Err(format!("{operator} compares texts")) };
            return Ok(Outcome::Flag(match (operator, self.next()?) {
                ("==", Word::Text(right)) => *left == right,
                ("!=", Word::Text(right)) => *left != right,
                ("starts-with", Word::Text(right)) => left.starts_with(&right),
                ("matches", Word::Pattern(pattern)) => {
                    let pattern = regex_lite::Regex::new(&format!("^(?:{pattern})$"));
                    pattern.map_err(|error| error.to_string())?.is_match(left)
                }
                (operator, word) => return Err(format!("{operator} cannot be followed by {word:?}")),
            }));
        }
        Ok(left)
    }

    fn operand(&mut self) -> Compiled<Outcome> {
        match self.next()? {
            Word::Name(name) if name == "not" => Ok(Outcome::Flag(!self.operand()?.truth())),
            Word::Name(name) => {
                self.values.get(&name).cloned().map(Outcome::Text).ok_or(format!("unknown pipeline value {name}"))
            }
            Word::Text(text) => Ok(Outcome::Text(text)),
            Word::Open => {
                let inner = self.or()?;
                if self.next()? == Word::Close { Ok(inner) } else { Err("a parenthesis is not closed".to_owned()) }
            }
            word => Err(format!("unexpected {word:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_as_the_configuration_reference_describes_them() {
        let values = |branch: &str, tag: &str| {
            BTreeMap::from([
                ("pipeline.git.branch".to_owned(), branch.to_owned()),
                ("pipeline.git.tag".to_owned(), tag.to_owned()),
            ])
        };
        let (main, release) = (values("main", ""), values("", "v1.2.3"));
        let matches = r"pipeline.git.tag matches /^v[0-9]+\.[0-9]+\.[0-9]+$/";
        assert_eq!(holds("pipeline.git.branch", &main), Ok(true));
        assert_eq!(holds("pipeline.git.branch", &release), Ok(false));
        assert_eq!(holds(matches, &release), Ok(true));
        assert_eq!(holds(matches, &values("", "v1.2.3-rc1")), Ok(false));
        assert_eq!(holds(&format!("pipeline.git.branch or ({matches})"), &main), Ok(true));
        // `not` binds tightly.
        assert_eq!(holds("not pipeline.git.tag and pipeline.git.branch", &main), Ok(true));
        assert_eq!(holds("not (pipeline.git.branch starts-with \"ma\")", &main), Ok(false));
        assert_eq!(holds("pipeline.git.branch != \"main\" or pipeline.git.tag", &main), Ok(false));
        for wrong in ["pipeline.git.brunch", "pipeline.git.branch ==", "(pipeline.git.branch", "pipeline.git.branch )"]
        {
            assert!(holds(wrong, &main).is_err(), "{wrong}");
        }
    }
}
