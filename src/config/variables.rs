//! Which variables of the environment the file needs.

/// Which variables a command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variables {
    /// Every one that the file names.
    All,
    /// Those outside the sections `test`: nothing is started, so what the test needs may be unset.
    OutsideTest,
}
