//! A series of any length in bounded memory.

/// Keeps at most a given number of items of a stream: of a longer one every 2nd, 4th, 8th … item, and beside them the
/// newest.
#[derive(Debug, Clone)]
pub struct Thinned<T> {
    kept: Vec<T>,
    newest: Option<T>,
    most: usize,
    every: usize,
    seen: usize,
}

impl<T> Thinned<T> {
    /// A series that keeps at most `most` items beside the newest.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self { kept: Vec::new(), newest: None, most, every: 1, seen: 0 }
    }

    /// Adds the next item.
    pub fn push(&mut self, item: T) {
        if self.keeps_next() {
            self.kept.push(item);
            self.newest = None;
        } else {
            self.newest = Some(item);
        }
        self.seen += 1;
    }

    /// Passes over the next item where it would be kept as the newest alone.
    pub fn skip(&mut self) {
        self.newest = None;
        self.seen += 1;
    }

    /// Sets the newest item, when the one that was pushed last was passed over.
    pub fn set_newest(&mut self, item: T) {
        self.newest = Some(item);
    }

    /// Whether the next item is one of the evenly spaced ones.
    pub fn keeps_next(&mut self) -> bool {
        if self.seen.is_multiple_of(self.every) && self.kept.len() >= self.most {
            let mut index = 0;
            self.kept.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.every *= 2;
        }
        self.seen.is_multiple_of(self.every)
    }

    /// The evenly spaced items that are kept; the newest one may be missing among them.
    #[must_use]
    pub fn kept(&self) -> &[T] {
        &self.kept
    }

    /// The newest item.
    #[must_use]
    pub fn newest(&self) -> Option<&T> {
        self.newest.as_ref().or_else(|| self.kept.last())
    }

    /// All items that are kept, the newest one last.
    #[must_use]
    pub fn finish(mut self) -> Vec<T> {
        self.kept.extend(self.newest);
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_series_stays_bounded_and_keeps_its_ends() {
        for most in [119, 120] {
            let mut thinned = Thinned::new(most);
            (0..43_200_u32).for_each(|item| thinned.push(item));
            assert!((most / 3..=most).contains(&thinned.kept().len()), "{}", thinned.kept().len());
            assert_eq!((thinned.kept()[0], thinned.newest()), (0, Some(&43_199)));
            let steps: Vec<_> = thinned.kept().windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(steps.iter().all(|step| *step == steps[0] && step.is_power_of_two()), "{steps:?}");
            assert_eq!(thinned.finish().last(), Some(&43_199));
        }
    }

    #[test]
    fn a_short_series_is_kept_whole() {
        let mut thinned = Thinned::new(8);
        (0..8).for_each(|item| thinned.push(item));
        assert_eq!(thinned.finish(), (0..8).collect::<Vec<_>>());
    }
}
