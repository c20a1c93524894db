//! Hashes of content.

/// SHA-256 of parts that follow each other, hex.
#[must_use]
pub fn sha256_of(parts: &[&[u8]]) -> String {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    parts.iter().for_each(|part| context.update(part));
    hex(context.finish())
}

/// A digest in hexadecimal digits.
pub(super) fn hex(digest: ring::digest::Digest) -> String {
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
