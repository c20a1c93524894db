//! GitHub's answers, read only so far: no server makes this program hold more than [`MAX_BODY`] in memory.

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use octocrab::FromResponse;

use super::error::{GithubError, Task};
use super::patience::Patience;

/// The longest answer that is read, in bytes. A page of a hundred comments of 65,536 characters needs about 26 MB.
const MAX_BODY: usize = 32 << 20;

/// An answer as octocrab delivers it.
pub(super) type HttpAnswer = http::Response<BoxBody<Bytes, octocrab::Error>>;

/// Reads an answer to a request.
///
/// # Errors
/// When GitHub refused, or its answer cannot be read or is too long.
pub(super) async fn read<T: FromResponse>(
    answer: octocrab::Result<HttpAnswer>,
    task: Task,
    credential: &str,
    patience: &Patience,
) -> Result<T, GithubError> {
    let fault = |error: &octocrab::Error| GithubError::of(task, error, credential, patience);
    let (parts, body) = answer.map_err(|error| fault(&error))?.into_parts();
    let bytes = match Limited::new(body, MAX_BODY).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            let reason = format!("it is longer than {} MiB", MAX_BODY >> 20);
            return Err(GithubError::Answer { task, reason });
        }
        Err(error) => {
            let reason = crate::clean::sentence(&crate::error::chain(error.as_ref()), 200);
            return Err(GithubError::Unreachable { task, reason });
        }
    };
    let body = Full::new(bytes).map_err(|never| match never {}).boxed();
    let checked = octocrab::map_github_error(http::Response::from_parts(parts, body)).await;
    T::from_response(checked.map_err(|error| fault(&error))?).await.map_err(|error| fault(&error))
}
