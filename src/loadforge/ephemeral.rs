//! A test made of a script for one run alone, and deleted afterwards.

use super::client::Client;
use super::error::ApiError;
use super::event::{Event, Observer};
use super::plan::{RunPlan, ScriptFile};
use super::prelude::prelude_line;
use super::sent_files;
use super::session_error::SessionError;
use super::stages::with_stages;
use super::unclear::unclear;
use super::wire::{HostSpec, TestSpec};
use crate::project::DataFile;
use crate::results::{Engine, StartApi, load_generators};
use crate::text::counted;

/// The users one of LoadForge's load generators carries.
const USERS_PER_SERVER: u32 = 10_000;

/// The region of a test when none is asked for. The service needs one.
pub(super) const DEFAULT_REGION: &str = "nyc3";

/// What is said where the service took no extended field.
pub(super) const BASE_FIELDS_ONLY: &str =
    "the service took neither targets nor regions; the test keeps its targets and runs in one region";

/// Makes the test of this name and returns its id.
///
/// # Errors
/// When the service cannot be reached or refuses.
pub(super) async fn create(
    client: &Client,
    plan: &RunPlan,
    name: &str,
    script: &ScriptFile,
    observer: &mut dyn Observer,
) -> Result<u64, SessionError> {
    let users = plan.users.unwrap_or(1);
    let host_id = match plan.host()? {
        Some(spec) => Some(host(client, &spec, plan.engine, observer).await?),
        None => None,
    };
    let locustfile = with_stages(&script.text, &plan.stages, plan.spawn_rate_or_default());
    // The start call of API v1 carries the variables itself.
    let variables = if plan.start_api == StartApi::V2 { prelude_line(&plan.env) } else { String::new() };
    let places = DataFile::line(&script.data, name);
    let first: Vec<&str> = [variables.as_str(), &places].into_iter().filter(|line| !line.is_empty()).collect();
    let locustfile = script.bundle.applied_after(&first.join("; "), &locustfile);
    let servers = servers(plan);
    let spec = TestSpec {
        name: name.to_owned(),
        users,
        rate: plan.spawn_rate_or_default(),
        servers,
        host_id,
        region: plan.regions.keys().next().map_or(DEFAULT_REGION, String::as_str).to_owned(),
        locustfile,
        region_servers: plan.regions.clone(),
        local: script.local.clone().filter(|_| plan.engine == Engine::Local),
        ..TestSpec::default()
    };
    if !script.data.is_empty() {
        sent_files::send(client, name, &script.data).await?;
        let count = counted(script.data.len(), "data file");
        observer.event(&Event::Notice(format!("sent {count} for this run")));
    }
    let id = made(client, &spec, observer).await?;
    observer.event(&Event::TestCreated { id, name: spec.name });
    Ok(id)
}

/// Makes a test whose name no other has, once, and returns the id under which it is listed.
///
/// # Errors
/// When the service cannot be reached or refuses.
pub(super) async fn made(client: &Client, spec: &TestSpec, observer: &mut dyn Observer) -> Result<u64, SessionError> {
    let name = &spec.name;
    let answered = match client.create_test(spec).await {
        Ok(saved) => {
            if saved.base_fields_only {
                observer.event(&Event::Warning(BASE_FIELDS_ONLY.to_owned()));
            }
            saved.id
        }
        Err(error) => {
            let cause = error.to_string();
            unclear(client, error).await?;
            observer.event(&Event::Warning(format!("it is not known whether test `{name}` was made ({cause})")));
            match find(client, name).await? {
                Some(id) => id,
                None => client.create_test(spec).await?.id,
            }
        }
    };
    Ok(own(client, name, answered).await?)
}

/// How many load generators a run needs.
pub(super) fn servers(plan: &RunPlan) -> u32 {
    load_generators(&plan.regions).max(plan.users.unwrap_or(1).div_ceil(USERS_PER_SERVER)).max(1)
}

/// The id under which the service lists the test, which decides: with another test's id, that test would be run and
/// deleted. A test that is not listed yet, and a list that is not served, leave the answered one.
async fn own(client: &Client, name: &str, answered: u64) -> Result<u64, ApiError> {
    let Ok(rows) = client.tests().await else {
        return Ok(answered);
    };
    if let Some(row) = rows.iter().find(|row| row.name == name) {
        return Ok(row.id);
    }
    if rows.iter().any(|row| row.id == answered) {
        let (call, problem) = (format!("create test `{name}`"), format!("it names test {answered}, which is another"));
        return Err(ApiError::Unreadable { call, problem });
    }
    Ok(answered)
}

/// The test of this name, which is ours alone.
pub(super) async fn find(client: &Client, name: &str) -> Result<Option<u64>, ApiError> {
    Ok(client.tests().await?.into_iter().find(|row| row.name == name).map(|row| row.id))
}

/// The host's id, found among the account's hosts or created.
pub(super) async fn host(
    client: &Client,
    spec: &HostSpec,
    engine: Engine,
    observer: &mut dyn Observer,
) -> Result<u64, SessionError> {
    let listed = async || Ok::<_, ApiError>(client.hosts().await?.into_iter().find(|host| host.spec == *spec));
    if let Some(host) = listed().await? {
        if host.verified == Some(false) {
            observer.event(&Event::Warning(format!("{spec} is not verified in LoadForge, which may refuse the run")));
        }
        return Ok(host.id);
    }
    let id = match client.create_host(spec).await {
        Ok(id) => id,
        Err(error) => {
            unclear(client, error).await?;
            match listed().await? {
                Some(host) => host.id,
                None => client.create_host(spec).await?,
            }
        }
    };
    if engine == Engine::Loadforge {
        observer.event(&Event::Notice(format!(
            "added the host {spec} to LoadForge; it has to be verified there before a run may hit it"
        )));
    }
    Ok(id)
}
