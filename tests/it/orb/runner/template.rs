//! The templates of cache keys: `{{ .Branch }}`, `{{ checksum "file" }}` and their like.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Fills a key in; `environment` holds what CircleCI itself gives the job. The key must not be empty or too long.
pub(super) fn key(text: &str, environment: &BTreeMap<String, String>, folder: &Path) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (word, after) = after.split_once("}}").ok_or(format!("unclosed {{{{ in the key {text}"))?;
        out.push_str(before);
        out.push_str(&value(word.trim(), environment, folder)?);
        rest = after;
    }
    out.push_str(rest);
    if out.is_empty() || out.len() > 900 { Err(format!("the key {out:?} has no usable length")) } else { Ok(out) }
}

fn value(word: &str, environment: &BTreeMap<String, String>, folder: &Path) -> Result<String, String> {
    let variable = |name: &str| environment.get(name).cloned().unwrap_or_default();
    if let Some(file) = word.strip_prefix("checksum ") {
        let path = folder.join(file.trim().trim_matches('"'));
        let content = std::fs::read(&path).map_err(|error| format!("checksum of {}: {error}", path.display()))?;
        let digest = ring::digest::digest(&ring::digest::SHA256, &content);
        return Ok(base64::Engine::encode(&base64::engine::general_purpose::STANDARD, digest));
    }
    Ok(match word {
        ".Branch" => variable("CIRCLE_BRANCH"),
        ".Revision" => variable("CIRCLE_SHA1"),
        ".BuildNum" => variable("CIRCLE_BUILD_NUM"),
        "epoch" => SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().to_string(),
        "arch" => format!("linux-{}", std::env::consts::ARCH),
        _ => variable(word.strip_prefix(".Environment.").ok_or(format!("unknown template {word}"))?),
    })
}
