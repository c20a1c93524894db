//! Which run came of a start request whose answer is not known.

use super::client::Client;
use super::error::ApiError;
use super::session_error::SessionError;
use super::wire::ResultRow;
use crate::results::Intent;

/// The most runs of an unknown test that are looked at one by one.
const MOST_COMPARED: usize = 10;

/// The runs that an intent may have created: none of them existed before the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RunCandidates {
    /// Runs of the test.
    pub(super) of_test: Vec<u64>,
    /// Runs of which the service does not say what test they are of. Another pipeline may have started them.
    pub(super) of_unknown_test: Vec<u64>,
}

impl RunCandidates {
    /// Sorts rows. The ids known before the start decide, not the clock, which may be wrong on either side. Fields that
    /// the service leaves out exclude nothing.
    fn among(rows: &[ResultRow], intent: &Intent, minutes: Option<f64>) -> Self {
        let mut found = Self::default();
        for row in rows {
            let Some(run_id) = row.id.filter(|id| !intent.known_runs.contains(id)) else { continue };
            let fits = match (row.duration_min, minutes) {
                // A service may round a fraction of a minute, but not whole ones.
                (Some(row), Some(asked)) if asked.fract() == 0.0 => (row - asked).abs() < 0.5,
                _ => true,
            };
            match row.test_id {
                Some(test_id) if fits && test_id == intent.test_id => found.of_test.push(run_id),
                None if fits => found.of_unknown_test.push(run_id),
                _ => {}
            }
        }
        found
    }

    /// Lists the runs and compares them with the intent. What a listed row leaves out, its full result may say.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub(super) async fn find(client: &Client, intent: &Intent, minutes: Option<f64>) -> Result<Self, ApiError> {
        let mut found = Self::among(&client.results().await?, intent, minutes);
        let unknown = std::mem::take(&mut found.of_unknown_test);
        for (index, run_id) in unknown.into_iter().enumerate() {
            let row = if index < MOST_COMPARED { client.result(run_id).await.ok() } else { None };
            let row = ResultRow { id: Some(run_id), ..row.unwrap_or_default() };
            let compared = Self::among(std::slice::from_ref(&row), intent, minutes);
            found.of_test.extend(compared.of_test);
            found.of_unknown_test.extend(compared.of_unknown_test);
        }
        Ok(found)
    }

    /// The run of the start. Of a test that was made for one run, every run is ours.
    ///
    /// # Errors
    /// When there are several, or one of which it is not known whether it is ours.
    pub(super) fn single(self, client: &Client, intent: &Intent, own_test: bool) -> Result<Option<u64>, SessionError> {
        let places = |runs: &[u64]| runs.iter().map(|id| place(client, *id)).collect();
        let test_id = intent.test_id;
        match (self.of_test.as_slice(), self.of_unknown_test.as_slice()) {
            ([run_id], _) => Ok(Some(*run_id)),
            ([run_id, ..], _) if own_test => Ok(Some(*run_id)),
            ([], []) => Ok(None),
            ([], [run_id]) => Err(SessionError::Guessed { test_id, run_id: *run_id, place: place(client, *run_id) }),
            ([], runs) | (runs, _) => {
                Err(SessionError::Ambiguous { test_id, runs: runs.to_vec(), places: places(runs) })
            }
        }
    }
}

/// Where a run can be seen, for a message.
pub(super) fn place(client: &Client, run_id: u64) -> String {
    match client.url().monitor(run_id) {
        Some(url) => format!("run {run_id} at {url}"),
        None => format!("run {run_id} of {}", client.url()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(rows: serde_json::Value) -> (Vec<u64>, Vec<u64>) {
        let intent = Intent { at: "2026-11-22T10:00:00Z".parse().unwrap(), test_id: 4, known_runs: vec![1, 2] };
        let rows: Vec<_> = rows.as_array().unwrap().iter().cloned().map(ResultRow::read).collect();
        let RunCandidates { of_test, of_unknown_test } = RunCandidates::among(&rows, &intent, Some(5.0));
        (of_test, of_unknown_test)
    }

    #[test]
    fn only_a_run_that_can_have_come_of_the_start_is_taken() {
        assert_eq!(found(json!([{"id": 1}, {"id": 2, "test_id": 4}])), (vec![], vec![]));
        assert_eq!(found(json!([{"id": 3}, {"id": 2}])), (vec![], vec![3]), "new, but perhaps another's");
        assert_eq!(
            found(json!([{"id": 3, "test_id": 5}, {"id": 6, "test_id": 4}])),
            (vec![6], vec![]),
            "the other is another test's"
        );
        for at in ["2026-11-22T09:40:00.000000Z", "2026-11-22T10:40:00.000000Z"] {
            let rows = json!([{"id": 3, "test_id": 4, "created_at": at}]);
            assert_eq!(found(rows).0, [3], "clocks differ, and the ids decide");
        }
        let lengths = json!([{"id": 3, "test_id": 4, "duration": 10}, {"id": 5, "test_id": 4, "duration": "5"}]);
        assert_eq!(found(lengths).0, [5]);
        assert_eq!(found(json!([{"id": 3}, {"id": 5}])), (vec![], vec![3, 5]));
    }
}
