//! What goes over the wire: the right answers and the wrong ones.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use axum::http;
use http_body::{Body, Frame};
use loadforge_ci::loadforge::{Sending, Transport, TransportError};
use reqwest::{Request, ResponseBuilderExt as _};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::fault::Answer;
use super::service::{Call, FAILURES, HISTORY, MOST_BYTES, OLD_RUN, SAVED_TEST, SECRET, STATS, StandIn, TOKEN};

/// The client's own limit for one request.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

impl Transport for StandIn {
    fn send(&self, request: Request) -> Sending<'_> {
        Box::pin(async move {
            let call = Call::of(&request).unwrap_or_else(|| panic!("{} {}", request.method(), request.url()));
            let (fault, status, answer) = self.state().meet(call, &request, &self.killed);
            let json = |answer: &Value| respond(status, "application/json", "", answer.to_string().into());
            Ok(match fault.answer {
                Answer::Right | Answer::Slow => {
                    sleep(Duration::from_secs(if fault.answer == Answer::Slow { 25 } else { 0 })).await;
                    if call == Call::Download {
                        let text = if request.url().path().ends_with("stats.csv") {
                            STATS
                        } else if request.url().path().ends_with("history.csv") {
                            HISTORY
                        } else {
                            FAILURES
                        };
                        respond(200, "text/csv", "", text.into())
                    } else {
                        json(&answer)
                    }
                }
                Answer::Status(status) => {
                    let body = json!({"message": format!("no {TOKEN} {SECRET}"), "errors": {"x": SECRET}});
                    respond(status, "application/json", "", body.to_string().into())
                }
                Answer::AbsurdWait => respond(429, "application/json", "999999999", "{}".into()),
                Answer::Html => respond(200, "text/html", "", "<html>Log in</html>".into()),
                Answer::Redirect => respond(302, "text/html", "", "".into()),
                Answer::Huge => respond(200, "application/json", "", " ".repeat(MOST_BYTES + 1).into()),
                Answer::Cut => respond(status, "application/json", "", CutBody(Some(answer.to_string())).into()),
                Answer::Garbage => respond(200, "application/json", "", "{\"run_id\"".into()),
                Answer::Empty => respond(200, "application/json", "", "".into()),
                Answer::EmptyObject => json(&json!({})),
                Answer::WrongId => json(&wrong(call, &answer)),
                Answer::Bare => json(&bare(answer)),
                Answer::NoConnection => return Err(TransportError::NotSent("connection refused".to_owned())),
                Answer::Closed => return Err(TransportError::Lost("connection closed".to_owned())),
                Answer::Hang => {
                    sleep(REQUEST_LIMIT).await;
                    return Err(TransportError::Lost("it took too long".to_owned()));
                }
            })
        })
    }
}

/// The same of something else.
fn wrong(call: Call, answer: &Value) -> Value {
    match call {
        Call::Start | Call::Cancel => json!({"run_id": OLD_RUN, "result_id": OLD_RUN}),
        Call::CreateTest | Call::DeleteTest => json!({"test_id": SAVED_TEST}),
        Call::CreateHost => json!({"host_id": 999}),
        Call::Poll => json!({"id": OLD_RUN, "run_status": 3, "test_id": SAVED_TEST, "requests": 7, "run_passed": true}),
        _ => answer.clone(),
    }
}

/// The same with nothing but ids.
fn bare(answer: Value) -> Value {
    match answer {
        Value::Array(rows) => rows.into_iter().map(bare).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(name, _)| matches!(name.as_str(), "id" | "run_id" | "name"))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}

fn respond(status: u16, kind: &str, retry_after: &str, body: AnswerBody) -> reqwest::Response {
    let mut builder = http::Response::builder()
        .status(status)
        .header("content-type", kind)
        .url("https://app.loadforge.com/api/v2".parse().unwrap());
    if !retry_after.is_empty() {
        builder = builder.header("retry-after", retry_after);
    }
    if status == 302 {
        builder = builder.header("location", "/login");
    }
    builder.body(body.0).unwrap().into()
}

struct AnswerBody(reqwest::Body);

impl From<&'static str> for AnswerBody {
    fn from(text: &'static str) -> Self {
        Self(text.into())
    }
}

impl From<String> for AnswerBody {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<CutBody> for AnswerBody {
    fn from(body: CutBody) -> Self {
        Self(reqwest::Body::wrap(body))
    }
}

/// Half of a text, then an error.
struct CutBody(Option<String>);

impl Body for CutBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(Some(match self.0.take() {
            Some(text) => Ok(Frame::data(Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]))),
            None => Err(io::ErrorKind::ConnectionReset.into()),
        }))
    }
}
