//! How the server answers: GitHub's REST paths, its pages and errors, and the GraphQL questions this program asks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Account, Comment, Fault, Pull, World};

pub(super) async fn answer(
    State(world): State<Arc<Mutex<World>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query: HashMap<String, String> =
        url::form_urlencoded::parse(uri.query().unwrap_or("").as_bytes()).into_owned().collect();
    let path = uri.path().to_owned();
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let listed = path.ends_with("/comments").then(|| path.rsplit('/').nth(1).unwrap().parse::<u64>().ok()).flatten();
    let barrier = {
        let mut world = world.lock().unwrap();
        world.requests.push(format!("{method} {}", uri.path_and_query().unwrap()));
        listed.filter(|_| method == Method::GET).and_then(|pull| world.barriers.get(&pull).cloned())
    };
    let fault = world.lock().unwrap().take_fault(&method, &path);
    if let Some(fault) = fault {
        if fault.takes_effect {
            let _ = world.lock().unwrap().handle(&method, &path, &query, &headers, &body);
        }
        let status = StatusCode::from_u16(fault.status).unwrap();
        let mut answer = match fault.body {
            Value::String(page) => (status, axum::response::Html(page)).into_response(),
            body => (status, axum::Json(body)).into_response(),
        };
        for (name, value) in fault.headers {
            answer.headers_mut().insert(name, value.parse().unwrap());
        }
        return answer;
    }
    let latency = world.lock().unwrap().latency;
    tokio::time::sleep(latency.mul_f64(fastrand::f64())).await;
    let answer = world.lock().unwrap().handle(&method, &path, &query, &headers, &body);
    tokio::time::sleep(latency.mul_f64(fastrand::f64())).await;
    if let Some(barrier) = barrier {
        // All have read the same; who comes later passes freely.
        if barrier.wait().await.is_leader() {
            world.lock().unwrap().barriers.remove(&listed.unwrap());
        }
    }
    answer
}

fn ok(body: Value) -> Response {
    axum::Json(body).into_response()
}

fn refuse(status: u16, message: &str) -> Response {
    (StatusCode::from_u16(status).unwrap(), axum::Json(json!({ "message": message }))).into_response()
}

impl World {
    fn take_fault(&mut self, method: &Method, path: &str) -> Option<Fault> {
        let at = self.faults.iter().position(|fault| fault.method == *method && path.contains(fault.path))?;
        self.faults[at].times -= 1;
        let fault = self.faults[at].clone();
        if fault.times == 0 {
            self.faults.remove(at);
        }
        Some(fault)
    }

    pub(super) fn add_comment(&mut self, pull: u64, author: Option<Account>, body: String) -> u64 {
        self.next_id += 1;
        self.comments.push(Comment { id: self.next_id, pull, author, body, hidden: false });
        self.next_id
    }

    fn handle(
        &mut self,
        method: &Method,
        path: &str,
        query: &HashMap<String, String>,
        headers: &HeaderMap,
        body: &Value,
    ) -> Response {
        let token = headers
            .get("authorization")
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .unwrap_or_default()
            .to_owned();
        let graphql = if self.prefix.is_empty() { "/graphql" } else { "/api/graphql" };
        let rest = path.strip_prefix(self.prefix).unwrap_or("");
        let parts: Vec<&str> = rest.trim_matches('/').split('/').collect();
        if let ["app", of_app @ ..] = parts.as_slice() {
            return self.as_app(&token, method, of_app);
        }
        let Some(account) = self.accounts.get(&token).cloned() else { return refuse(401, "Bad credentials") };
        if path == graphql {
            return self.graphql(&account, body);
        }
        match (method.as_str(), parts.as_slice()) {
            ("GET", ["user"]) if account.knows_itself => ok(json!({ "id": account.id, "login": account.login })),
            ("GET", ["user"]) => refuse(403, "Resource not accessible by integration"),
            (_, ["repos", "acme", "shop", of_repo @ ..] | ["repositories", "1", of_repo @ ..]) => {
                self.repository(&account, method, of_repo, query, body)
            }
            // The name the repository had before it was renamed.
            (_, ["repos", "acme", "old-shop", of_repo @ ..]) => self.moved(method, of_repo),
            _ => refuse(404, "Not Found"),
        }
    }

    /// GitHub repeats what was asked of the repository's number: a read with 301, everything else with 307.
    fn moved(&self, method: &Method, parts: &[&str]) -> Response {
        let status = if *method == Method::GET { 301 } else { 307 };
        let address = format!("{}/repositories/1/{}", self.api_url, parts.join("/"));
        let mut answer = refuse(status, "Moved Permanently");
        answer.headers_mut().insert("location", address.trim_end_matches('/').parse().unwrap());
        answer
    }

    fn repository(
        &mut self,
        account: &Account,
        method: &Method,
        parts: &[&str],
        query: &HashMap<String, String>,
        body: &Value,
    ) -> Response {
        match (method.as_str(), parts) {
            ("GET", []) => ok(json!({ "id": 1, "full_name": "acme/shop" })),
            ("GET", ["pulls", number]) => {
                let found = self.pulls.iter().find(|pull| pull.number.to_string() == *number);
                found.map_or_else(|| refuse(404, "Not Found"), |pull| ok(pull_json(pull)))
            }
            ("GET", ["commits", sha, "pulls"]) => {
                if !self.history.iter().any(|known| known == sha)
                    && !self.pulls.iter().any(|pull| pull.commits.iter().any(|known| known == sha))
                {
                    return refuse(422, &format!("No commit found for SHA: {sha}"));
                }
                let found = self
                    .pulls
                    .iter()
                    .filter(|pull| pull.commits.iter().any(|known| known == sha))
                    .map(pull_json)
                    .collect();
                self.page(found, &format!("/repos/acme/shop/commits/{sha}/pulls"), query)
            }
            ("GET", ["compare", pair]) => self.compare(pair),
            ("GET", ["issues", number, "comments"]) => {
                let found = self
                    .comments
                    .iter()
                    .filter(|comment| comment.pull.to_string() == *number)
                    .map(|comment| self.comment_json(comment))
                    .collect();
                self.page(found, &format!("/repos/acme/shop/issues/{number}/comments"), query)
            }
            ("POST", ["issues", number, "comments"]) => match self.text_of(body) {
                Ok(text) => {
                    let id = self.add_comment(number.parse().unwrap(), Some(account.clone()), text);
                    let made = self.comments.iter().find(|comment| comment.id == id).unwrap();
                    (StatusCode::CREATED, axum::Json(self.comment_json(made))).into_response()
                }
                Err(refusal) => *refusal,
            },
            ("GET", ["issues", "comments", id]) => {
                let found = self.comments.iter().find(|comment| comment.id.to_string() == *id);
                found.map_or_else(|| refuse(404, "Not Found"), |comment| ok(self.comment_json(comment)))
            }
            // GitHub takes both methods.
            ("PATCH" | "POST", ["issues", "comments", id]) => {
                let text = match self.text_of(body) {
                    Ok(text) => text,
                    Err(refusal) => return *refusal,
                };
                let Some(at) = self.comments.iter().position(|comment| comment.id.to_string() == *id) else {
                    return refuse(404, "Not Found");
                };
                self.comments[at].body = text;
                ok(self.comment_json(&self.comments[at]))
            }
            ("DELETE", ["issues", "comments", id]) => {
                let before = self.comments.len();
                self.comments.retain(|comment| comment.id.to_string() != *id);
                if self.comments.len() < before {
                    StatusCode::NO_CONTENT.into_response()
                } else {
                    refuse(404, "Not Found")
                }
            }
            ("POST", ["statuses", sha]) => {
                if body["description"].as_str().is_some_and(|text| text.chars().count() > 140) {
                    return refuse(422, "Validation Failed");
                }
                self.statuses.push(((*sha).to_owned(), body.clone()));
                (StatusCode::CREATED, axum::Json(body.clone())).into_response()
            }
            _ => refuse(404, "Not Found"),
        }
    }

    fn text_of(&self, body: &Value) -> Result<String, Box<Response>> {
        let text = body["body"].as_str().unwrap_or_default();
        if text.chars().count() > self.max_body {
            let detail = json!({
                "resource": "IssueComment", "code": "unprocessable", "field": "data",
                "message": format!("Body is too long (maximum is {} characters)", self.max_body),
            });
            let refusal = json!({ "message": "Validation Failed", "errors": [detail] });
            return Err(Box::new((StatusCode::UNPROCESSABLE_ENTITY, axum::Json(refusal)).into_response()));
        }
        Ok(text.to_owned())
    }

    fn page(&self, items: Vec<Value>, path: &str, query: &HashMap<String, String>) -> Response {
        let number = |name: &str, default: usize| query.get(name).and_then(|text| text.parse().ok()).unwrap_or(default);
        let (size, page) = (number("per_page", 30).clamp(1, 100), number("page", 1).max(1));
        let last = items.len().div_ceil(size).max(1);
        let link =
            |page: usize, rel: &str| format!("<{}{path}?per_page={size}&page={page}>; rel=\"{rel}\"", self.api_url);
        let mut links = Vec::new();
        if page > 1 {
            links.extend([link(page - 1, "prev"), link(1, "first")]);
        }
        if page < last {
            links.extend([link(page + 1, "next"), link(last, "last")]);
        }
        let shown: Vec<Value> = items.into_iter().skip((page - 1) * size).take(size).collect();
        let mut answer = ok(Value::Array(shown));
        if !links.is_empty() {
            answer.headers_mut().insert("link", links.join(", ").parse().unwrap());
        }
        answer
    }

    fn compare(&self, pair: &str) -> Response {
        let (base, head) = pair.split_once("...").unwrap();
        let place = |sha: &str| self.history.iter().position(|known| known == sha);
        match (place(base), place(head)) {
            (Some(base), Some(head)) => ok(json!({ "status": match head.cmp(&base) {
                std::cmp::Ordering::Greater => "ahead",
                std::cmp::Ordering::Less => "behind",
                std::cmp::Ordering::Equal => "identical",
            } })),
            _ => refuse(404, "Not Found"),
        }
    }

    fn graphql(&mut self, account: &Account, body: &Value) -> Response {
        let question = body["query"].as_str().unwrap_or_default();
        let refused =
            |message: &str| ok(json!({ "data": null, "errors": [{ "type": "FORBIDDEN", "message": message }] }));
        if question.contains("viewer") {
            if !account.is_viewer {
                return refused("Resource not accessible by integration");
            }
            return ok(json!({ "data": { "viewer": { "login": account.login, "databaseId": account.id } } }));
        }
        let node = |comment: &Comment| format!("IC_{}", comment.id);
        if question.contains("minimizeComment") {
            let Some(comment) = self.comments.iter_mut().find(|comment| body["variables"]["id"] == node(comment))
            else {
                return refused("Could not resolve to a node");
            };
            comment.hidden = true;
            return ok(json!({ "data": { "minimizeComment": { "minimizedComment": { "isMinimized": true } } } }));
        }
        let asked = body["variables"]["ids"].as_array().cloned().unwrap_or_default();
        let nodes: Vec<Value> = asked
            .iter()
            .map(|id| {
                let found = self.comments.iter().find(|comment| *id == node(comment));
                found.map_or(Value::Null, |comment| json!({ "id": id, "isMinimized": comment.hidden }))
            })
            .collect();
        ok(json!({ "data": { "nodes": nodes } }))
    }

    fn as_app(&self, token: &str, method: &Method, parts: &[&str]) -> Response {
        let Some((id, installation, slug, key)) = &self.app else { return refuse(404, "Not Found") };
        if !signed_by(token, id, key) {
            return refuse(401, "A JSON web token could not be decoded");
        }
        match (method.as_str(), parts) {
            ("GET", []) => ok(json!({ "id": 1, "slug": slug })),
            ("POST", ["installations", number, "access_tokens"]) if *number == installation.to_string() => {
                let bot = format!("{slug}[bot]");
                let token = self.accounts.iter().find(|(_, account)| account.login == bot).map(|(token, _)| token);
                (StatusCode::CREATED, axum::Json(json!({ "token": token, "expires_at": "2099-01-01T00:00:00Z" })))
                    .into_response()
            }
            _ => refuse(404, "Not Found"),
        }
    }

    fn comment_json(&self, comment: &Comment) -> Value {
        json!({
            "id": comment.id,
            "node_id": format!("IC_{}", comment.id),
            "html_url": format!("https://github.com/acme/shop/pull/{}#issuecomment-{}", comment.pull, comment.id),
            "body": comment.body,
            "user": comment.author.as_ref().map(|author| json!({ "id": author.id, "login": author.login })),
        })
    }
}

fn pull_json(pull: &Pull) -> Value {
    json!({
        "number": pull.number,
        "html_url": format!("https://github.com/acme/shop/pull/{}", pull.number),
        "state": pull.state,
        "merged_at": pull.merged.then_some("2026-01-01T00:00:00Z"),
        "head": {
            "ref": pull.head_branch, "sha": pull.head_sha,
            "repo": pull.head_repo.as_ref().map(|name| json!({ "full_name": name })),
        },
        "base": { "ref": "main", "sha": "0000000", "repo": { "full_name": "acme/shop" } },
    })
}

/// Whether this JSON Web Token is valid now, of this app and signed with its key.
fn signed_by(token: &str, app: &str, key: &[u8]) -> bool {
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    let Some((signed, signature)) = token.rsplit_once('.') else { return false };
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
    if UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(signed.as_bytes(), &signature).is_err() {
        return false;
    }
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap()).unwrap();
    let now = jiff::Timestamp::now().as_second();
    claims["iss"] == app
        && claims["iat"].as_i64().unwrap() <= now
        && (now..=now + 600).contains(&claims["exp"].as_i64().unwrap())
}
