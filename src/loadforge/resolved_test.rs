//! Which test on the service a plan means, and what makes its runs comparable.

use super::client::Client;
use super::event::{Event, Observer};
use super::plan::{PlanError, RunPlan, sha256};
use super::session_error::SessionError;
use super::wire::{HostRow, TestRow};
use crate::error::nearest;
use crate::results::{Fingerprint, TestSource};

/// A plan's test as found on the service, before anything is started.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedTest {
    /// The test's name or the script's path, for people.
    pub label: String,
    /// The saved test; `None` when a test will be made of a script.
    pub test_id: Option<u64>,
    /// What makes its runs comparable. Its `host` is where the load will go, where that is known.
    pub fingerprint: Fingerprint,
}

/// Finds the test a plan means and reads its settings.
///
/// # Errors
/// When the plan cannot be carried out, the test does not exist, or the service cannot be reached or refuses.
pub(super) async fn resolve(
    client: &Client,
    plan: &RunPlan,
    observer: &mut dyn Observer,
) -> Result<ResolvedTest, SessionError> {
    plan.check()?;
    let row = match &plan.test {
        TestSource::Script(script) => {
            let fingerprint = plan.script_fingerprint(script)?;
            let label = plan.build.test_name.clone().unwrap_or_else(|| script.path.clone());
            return Ok(ResolvedTest { label, test_id: None, fingerprint });
        }
        TestSource::Name(name) => named(client.tests().await?, name)?,
        TestSource::Id(id) => match client.tests().await {
            Ok(rows) => match rows.into_iter().find(|row| row.id == *id) {
                Some(row) => row,
                None => {
                    observer.event(&Event::Warning(format!(
                        "test {id} is not among the listed tests; its settings are not known"
                    )));
                    TestRow { id: *id, ..TestRow::default() }
                }
            },
            // A list that is not served must not keep a test from being run; everything else must.
            Err(error) if matches!(error.status(), Some(404 | 405)) => TestRow { id: *id, ..TestRow::default() },
            Err(error) => return Err(error.into()),
        },
    };
    let host = host_of(client, &row, observer).await;
    check_against(plan, &row, host.as_ref())?;
    let label = if row.name.is_empty() { format!("test {}", row.id) } else { row.name.clone() };
    let test = match &plan.test {
        TestSource::Name(name) => name.clone(),
        _ => row.id.to_string(),
    };
    let mut fingerprint = settings(&row, host.as_ref());
    fingerprint.engine = plan.engine;
    fingerprint.test = test;
    fingerprint.duration_s = Some(plan.duration.as_secs_f64().round() as u64);
    if fingerprint.host.is_none() && plan.target_host.is_some() {
        let text = "--target-host does not change a saved test, whose own host the service does not name".to_owned();
        observer.event(&Event::Warning(text));
    }
    Ok(ResolvedTest { label, test_id: Some(row.id), fingerprint })
}

/// A saved test's own settings.
pub(super) fn settings(row: &TestRow, host: Option<&HostRow>) -> Fingerprint {
    let mut regions = row.region_servers.clone();
    if regions.is_empty() {
        regions.extend(row.region.clone().map(|region| (region, row.servers.unwrap_or(1))));
    }
    Fingerprint {
        script_sha256: row.locustfile.as_deref().map(sha256),
        users: row.users,
        spawn_rate: row.rate,
        regions,
        host: host.map(|host| host.spec.to_string()),
        ..Fingerprint::default()
    }
}

fn named(rows: Vec<TestRow>, name: &str) -> Result<TestRow, SessionError> {
    // Other kinds than load tests cannot be run by this call; a missing kind means a load test.
    let is_load = |row: &TestRow| row.kind.as_deref().is_none_or(|kind| kind == "load");
    let ids: Vec<u64> = rows.iter().filter(|row| row.name == name && is_load(row)).map(|row| row.id).collect();
    if ids.len() > 1 {
        return Err(SessionError::SeveralTests { name: name.to_owned(), ids });
    }
    let near = nearest(name, rows.iter().map(|row| row.name.as_str())).map(str::to_owned);
    rows.into_iter()
        .find(|row| ids.contains(&row.id))
        .ok_or_else(|| SessionError::NoSuchTest { name: name.to_owned(), nearest: near })
}

/// The host of a saved test, as far as the service reports. It is shown and compared; a run does not need it.
pub(super) async fn host_of(client: &Client, row: &TestRow, observer: &mut dyn Observer) -> Option<HostRow> {
    let host_id = row.host_id?;
    match client.hosts().await {
        Ok(hosts) => hosts.into_iter().find(|host| host.id == host_id),
        Err(error) => {
            observer.event(&Event::Warning(format!("the host of test {} is not known: {error}", row.id)));
            None
        }
    }
}

/// A start call cannot change a saved test, so what is asked for must be what the test has.
fn check_against(plan: &RunPlan, row: &TestRow, host: Option<&HostRow>) -> Result<(), PlanError> {
    let shown =
        |value: Option<String>| value.unwrap_or_else(|| "its own, which the service does not report".to_owned());
    let fixed = |flag, asked: Option<String>, saved: Option<String>| match asked {
        Some(asked) if saved.as_ref() != Some(&asked) => {
            Err(PlanError::FixedByTest { flag, asked, saved: shown(saved) })
        }
        _ => Ok(()),
    };
    let regions = |fingerprint: &Fingerprint| {
        let list: Vec<_> = fingerprint.regions.iter().map(|(region, count)| format!("{region}={count}")).collect();
        (!list.is_empty()).then(|| list.join(" "))
    };
    let saved = settings(row, host);
    let asked = Fingerprint { regions: plan.regions.clone(), ..Fingerprint::default() };
    fixed("--users", plan.users.map(|users| users.to_string()), saved.users.map(|users| users.to_string()))?;
    fixed("--spawn-rate", plan.spawn_rate.map(|rate| rate.to_string()), saved.spawn_rate.map(|rate| rate.to_string()))?;
    fixed("--region", regions(&asked), regions(&saved))?;
    if plan.target_host.is_some() && saved.host.is_some() {
        fixed("--target-host", plan.host()?.map(|host| host.to_string()), saved.host)?;
    }
    Ok(())
}
