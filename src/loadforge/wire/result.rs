//! A run's results as the service sends them: `GET /result/{id}` and the rows of `GET /results`.

use jiff::Timestamp;
use serde_json::Value;

use super::{Fields, leading_number};
use crate::json::{self, JsonError};
use crate::results::{Extension, RunState};

/// The names under which the service sends a run's id. A run and its results have the same.
const RUN_ID: &[&str] = &["run_id", "result_id"];

/// The field with Locust's history CSV: the largest one.
const HISTORY: &str = "results_csv_history";

/// The field that our own server adds.
const EXTENSION: &str = "x_loadforge_ci";

/// Failed requests in Locust's old console format `count(percent%)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FailureCount {
    /// Failed requests.
    pub count: u64,
    /// In percent of all requests, if the service reports it.
    pub percent: Option<f64>,
}

impl FailureCount {
    fn read(fields: &Fields) -> Option<Self> {
        let count = fields.count(&["failures"])?;
        let text = fields.text(&["failures"])?;
        let percent = text.split_once('(').and_then(|(_, rest)| leading_number(rest));
        Some(Self { count, percent })
    }
}

/// A run's results, as far as the service reports them yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResultRow {
    /// The run's id.
    pub id: Option<u64>,
    /// The test it ran; not every version of the service sends it.
    pub test_id: Option<u64>,
    /// When the run was created.
    pub created_at: Option<Timestamp>,
    /// The status code as sent.
    pub status: Option<i64>,
    /// Whether the saved test's own targets were met.
    pub run_passed: Option<bool>,
    /// Whether the run was cancelled.
    pub cancelled: Option<bool>,
    /// Length asked for, minutes.
    pub duration_min: Option<f64>,
    /// Users running.
    pub users: Option<u32>,
    /// Requests so far.
    pub requests: Option<u64>,
    /// Failed requests so far.
    pub failures: Option<FailureCount>,
    /// Median response time, ms.
    pub median_ms: Option<f64>,
    /// Mean response time, ms.
    pub avg_ms: Option<f64>,
    /// Shortest response time, ms.
    pub min_ms: Option<f64>,
    /// Longest response time, ms.
    pub max_ms: Option<f64>,
    /// Throughput, requests/s.
    pub requests_per_s: Option<f64>,
    /// Failed requests/s.
    pub failures_per_s: Option<f64>,
    /// Locust's stats CSV, or its URL.
    pub stats_csv: Option<String>,
    /// Locust's history CSV, or its URL.
    pub history_csv: Option<String>,
    /// Locust's failures CSV, or its URL.
    pub failures_csv: Option<String>,
    /// What our own server adds.
    pub extension: Option<Extension>,
    /// The service's words about the run, where it has any.
    pub message: Option<String>,
}

impl ResultRow {
    /// Reads an answer with one row. What may be large is taken out of it first: the history CSV keeps the memory of the
    /// answer, and what our own server adds is read without a detour through an untyped value.
    ///
    /// # Errors
    /// When it is not JSON, or would take too much memory.
    pub fn parse(body: Vec<u8>) -> Result<Self, JsonError> {
        let (mut rest, history_csv) = json::cut_text(body, HISTORY);
        let extension = match json::cut(&mut rest, EXTENSION).map(|text| json::read_as(&text)) {
            Some(Err(error @ JsonError::TooLarge)) => return Err(error),
            extension => extension.and_then(Result::ok),
        };
        let row = Self::read(json::read(&rest)?);
        let history_csv = history_csv.filter(|text| !text.trim().is_empty());
        Ok(Self { history_csv: history_csv.or(row.history_csv), extension: extension.or(row.extension), ..row })
    }

    /// Reads a row. Nothing is required; what makes no sense is left out.
    #[must_use]
    pub fn read(value: Value) -> Self {
        let mut value = value;
        // One result may come wrapped, as Laravel's resources do.
        if let Some(inner) = value.get_mut("data").filter(|inner| inner.is_object()) {
            value = inner.take();
        }
        Self::of(Fields::of(value))
    }

    pub(in crate::loadforge) fn of(mut fields: Fields) -> Self {
        Self {
            id: fields.id(&["id"]).or_else(|| fields.id(RUN_ID)),
            test_id: fields.id(&["test_id"]).or_else(|| fields.inner("test").id(&["id"])),
            created_at: fields.time("created_at"),
            status: fields.number(&["run_status", "status", "state"]).map(|code| code as i64),
            run_passed: fields.flag("run_passed"),
            cancelled: fields.flag("cancelled"),
            duration_min: fields.number(&["duration"]),
            users: fields
                .count(&["users", "user_count", "current_users"])
                .map(|users| u32::try_from(users).unwrap_or(u32::MAX)),
            requests: fields.count(&["requests"]),
            failures: FailureCount::read(&fields),
            median_ms: fields.number(&["response_median"]),
            avg_ms: fields.number(&["response_avg"]),
            min_ms: fields.number(&["response_min"]),
            max_ms: fields.number(&["response_max"]),
            requests_per_s: fields.number(&["reqs_per_second"]),
            failures_per_s: fields.number(&["fails_per_second"]),
            stats_csv: fields.take_text("results_csv_stats"),
            history_csv: fields.take_text(HISTORY),
            failures_csv: fields.take_text("results_csv_failures"),
            extension: fields.take(EXTENSION).and_then(|value| serde_json::from_value(value).ok()),
            message: fields.text(&["message", "explanation", "error"]),
        }
    }

    /// The state of the run; `None` when the row does not say.
    #[must_use]
    pub fn state(&self) -> Option<RunState> {
        match self.status.map(RunState::of_code) {
            None | Some(RunState::Finished) if self.cancelled == Some(true) => Some(RunState::Cancelled),
            // A run that has sent requests did launch.
            Some(RunState::FailedToLaunch) if self.requests.is_some_and(|requests| requests > 0) => {
                Some(RunState::EndedEarly)
            }
            state => state,
        }
    }

    /// Whether anything was measured.
    #[must_use]
    pub fn has_numbers(&self) -> bool {
        self.stats_csv.is_some() || self.requests.is_some()
    }
}

/// The id in the answer to a start request: under `run_id`, `result_id`, `run.id` or `id`.
pub(in crate::loadforge) fn started_id(value: Value) -> Option<u64> {
    let fields = Fields::of(value);
    let here =
        |fields: &Fields| fields.id(RUN_ID).or_else(|| fields.inner("run").id(&["id"])).or_else(|| fields.id(&["id"]));
    here(&fields).or_else(|| here(&fields.inner("data")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_documented_example_is_read() {
        let row = ResultRow::read(json!({
            "id": 13, "created_at": "2020-11-05T19:45:44.000000Z", "updated_at": "2020-11-05T19:50:52.000000Z",
            "run_status": 3, "cancelled": false, "duration": 3, "requests": "1279", "failures": "0(0.00%)",
            "response_median": "26", "response_avg": "29", "response_min": "18", "response_max": "130",
            "reqs_per_second": "7.12", "fails_per_second": "0.00",
            "results_csv_stats": "Type,Name\n", "results_csv_history": "", "results_csv_failures": null
        }));
        assert_eq!((row.id, row.state(), row.requests), (Some(13), Some(RunState::Finished), Some(1279)));
        assert_eq!(row.failures, Some(FailureCount { count: 0, percent: Some(0.0) }));
        assert_eq!((row.median_ms, row.requests_per_s, row.run_passed), (Some(26.0), Some(7.12), None));
        assert_eq!((row.stats_csv.as_deref(), row.history_csv), (Some("Type,Name\n"), None));
        assert_eq!(row.created_at.unwrap().to_string(), "2020-11-05T19:45:44Z");
    }

    #[test]
    fn an_answer_is_read_the_same_with_its_large_fields_taken_out() {
        let extension = json!({"endpoints": [], "notes": ["n"], "problems": []});
        let row = json!({"id": 13, "run_status": 3, "results_csv_stats": "Type\n", "results_csv_history": "Time,\"a\"\n",
            "x_loadforge_ci": extension, "message": "m"});
        for answer in [row.clone(), json!({"data": row}), json!({"id": 1, "results_csv_history": " "}), json!(null)] {
            let parsed = ResultRow::parse(answer.to_string().into_bytes()).unwrap();
            assert_eq!(parsed, ResultRow::read(answer));
        }
        assert!(ResultRow::parse(b"<html>".to_vec()).is_err());
    }

    #[test]
    fn every_status_code_is_a_state() {
        let state = |value| ResultRow::read(value).state();
        let codes = [0, 1, 2, 3, 4, 5, 6, 7, 8].map(|code| state(json!({"run_status": code})).unwrap());
        assert_eq!(
            codes,
            [
                RunState::Queued,
                RunState::Provisioning,
                RunState::Running,
                RunState::Finished,
                RunState::FailedToLaunch,
                RunState::Cancelled,
                RunState::ProviderLimited,
                RunState::WorkersFailed,
                RunState::UnknownEnd
            ]
        );
        assert_eq!(state(json!({"run_status": 4, "requests": "31"})), Some(RunState::EndedEarly));
        assert_eq!(state(json!({"run_status": "2"})), Some(RunState::Running));
        assert_eq!(state(json!({"status": 1})), Some(RunState::Provisioning));
        assert_eq!(state(json!({"run_status": 3, "cancelled": true})), Some(RunState::Cancelled));
        assert_eq!(state(json!({"cancelled": true})), Some(RunState::Cancelled));
        assert_eq!(state(json!({})), None);
        assert_eq!(state(json!({"data": {"run_status": 2}})), Some(RunState::Running));
    }

    #[test]
    fn a_started_runs_id_goes_by_four_names() {
        for answer in [
            json!({"run_id": 5}),
            json!({"result_id": "5"}),
            json!({"run": {"id": 5}}),
            json!({"id": 5}),
            json!({"run_id": 5, "result_id": 5}),
            json!({"data": {"run_id": 5}}),
        ] {
            assert_eq!(started_id(answer.clone()), Some(5), "{answer}");
        }
        assert_eq!(started_id(json!({"ok": true})), None);
        assert_eq!(started_id(json!([5])), None);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(2, 8, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(Value::from))
    }

    proptest! {
        #[test]
        fn any_values_are_read_without_a_panic(values in prop::collection::vec(any_json(), 12)) {
            let names = ["id", "test_id", "test", "created_at", "run_status", "run_passed", "cancelled", "duration",
                "requests", "failures", "results_csv_stats", "x_loadforge_ci"];
            let row: serde_json::Map<_, _> = names.into_iter().map(str::to_owned).zip(values).collect();
            let _ = ResultRow::read(row.into()).state();
        }
    }
}
