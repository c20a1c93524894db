//! The back office: importing customers from an uploaded CSV file, and generating reports.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{JsonBody, ShopRefusal};
use super::customer::Customer;
use super::data::CATEGORIES;
use super::state::ShopState;

/// Rejected rows that are reported one by one.
const MOST_REPORTED: usize = 50;
/// The longest period of a report, days.
const MOST_DAYS: i32 = 366;
const REGIONS: [&str; 3] = ["eu", "us", "apac"];

fn analysts_only(customer: Customer) -> Result<(), ShopRefusal> {
    if customer.account.analyst {
        return Ok(());
    }
    Err(ShopRefusal::new(StatusCode::FORBIDDEN, "forbidden", "this account is not an analyst's"))
}

/// Reads the multipart field `file` as CSV with the columns `email`, `name` and `country`.
pub(super) async fn import_customers(
    customer: Customer,
    upload: Result<Multipart, MultipartRejection>,
) -> Result<Json<Value>, ShopRefusal> {
    analysts_only(customer)?;
    let mut upload = upload
        .map_err(|error| ShopRefusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "no_multipart", error.body_text()))?;
    while let Some(field) = upload.next_field().await.map_err(|error| unreadable(&error))? {
        if field.name() == Some("file") {
            let content = field.bytes().await.map_err(|error| unreadable(&error))?;
            let import = read_customers(&content)?;
            return Ok(Json(json!({
                "imported": import.imported,
                "rejected": import.rejected,
                "rejected_rows": import.rows.iter()
                    .map(|(line, reason)| json!({ "line": line, "reason": reason }))
                    .collect::<Vec<_>>(),
            })));
        }
    }
    Err(ShopRefusal::invalid("the upload has no field `file`"))
}

fn unreadable(error: &axum::extract::multipart::MultipartError) -> ShopRefusal {
    ShopRefusal::new(error.status(), "bad_upload", error.body_text())
}

/// The outcome of an uploaded file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Import {
    imported: u64,
    rejected: u64,
    /// Line, from 1, and what is wrong with it; the first of them.
    rows: Vec<(u64, &'static str)>,
}

fn read_customers(content: &[u8]) -> Result<Import, ShopRefusal> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(content);
    let header = reader.headers().map_err(|error| ShopRefusal::invalid(error.to_string()))?.clone();
    let column = |name: &str| {
        let found = header.iter().position(|column| column.eq_ignore_ascii_case(name));
        found.ok_or_else(|| ShopRefusal::invalid(format!("the file's header has no column `{name}`")))
    };
    let (email, name, country) = (column("email")?, column("name")?, column("country")?);
    let mut import = Import::default();
    let mut seen = BTreeSet::new();
    for record in reader.records() {
        let (line, fault) = match &record {
            Err(error) => (error.position().map_or(0, csv::Position::line), Some("not readable as text")),
            Ok(record) => {
                let field = |index: usize| record.get(index).unwrap_or_default();
                let fault = if record.len() != header.len() {
                    Some("wrong number of fields")
                } else if !is_email(field(email)) {
                    Some("email is not an address")
                } else if field(name).is_empty() {
                    Some("name is empty")
                } else if field(country).len() != 2 || !field(country).bytes().all(|byte| byte.is_ascii_uppercase()) {
                    Some("country is not two capital letters")
                } else if !seen.insert(field(email).to_ascii_lowercase()) {
                    Some("email occurs twice")
                } else {
                    None
                };
                (record.position().map_or(0, csv::Position::line), fault)
            }
        };
        let Some(fault) = fault else {
            import.imported += 1;
            continue;
        };
        import.rejected += 1;
        if import.rows.len() < MOST_REPORTED {
            import.rows.push((line, fault));
        }
    }
    Ok(import)
}

fn is_email(text: &str) -> bool {
    text.split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !domain.contains('@'))
}

#[derive(Deserialize)]
pub(super) struct ReportRequest {
    #[serde(rename = "type")]
    kind: String,
    date_from: String,
    date_to: String,
    #[serde(default)]
    filters: Filters,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filters {
    category: Option<String>,
    region: Option<String>,
    min_total_cents: Option<u64>,
}

pub(super) async fn generate(
    State(shop): State<Arc<ShopState>>,
    customer: Customer,
    JsonBody(wanted): JsonBody<ReportRequest>,
) -> Result<Json<Value>, ShopRefusal> {
    analysts_only(customer)?;
    let (from, to) = wanted.check()?;
    let (id, rows) = {
        let mut store = shop.store();
        let rows: Vec<Value> = store
            .products()
            .iter()
            .filter(|product| wanted.filters.category.as_deref().is_none_or(|category| product.category == category))
            .filter(|product| wanted.filters.min_total_cents.is_none_or(|least| product.price_cents >= least))
            .take(50)
            .map(|product| json!({ "product_id": product.id, "total_cents": product.price_cents }))
            .collect();
        (store.new_id(), rows)
    };
    Ok(Json(json!({
        "id": id,
        "type": wanted.kind,
        "status": "ready",
        "date_from": from.to_string(),
        "date_to": to.to_string(),
        "region": wanted.filters.region,
        "rows": rows,
    })))
}

impl ReportRequest {
    /// The period, once everything asked for makes sense.
    fn check(&self) -> Result<(Date, Date), ShopRefusal> {
        one_of("type", Some(&self.kind), &["sales", "customers"])?;
        one_of("filters.category", self.filters.category.as_deref(), &CATEGORIES)?;
        one_of("filters.region", self.filters.region.as_deref(), &REGIONS)?;
        let date = |name: &str, text: &str| {
            text.parse::<Date>().map_err(|_| ShopRefusal::invalid(format!("{name} is not a date such as 2026-01-31")))
        };
        let (from, to) = (date("date_from", &self.date_from)?, date("date_to", &self.date_to)?);
        if from > to {
            return Err(ShopRefusal::invalid("date_from is after date_to"));
        }
        let days = (to - from).get_days();
        if days > MOST_DAYS {
            return Err(ShopRefusal::invalid(format!("the period is {days} days; {MOST_DAYS} is the most")));
        }
        Ok((from, to))
    }
}

fn one_of(name: &str, value: Option<&str>, known: &[&str]) -> Result<(), ShopRefusal> {
    match value.filter(|value| !known.contains(value)) {
        Some(value) => {
            Err(ShopRefusal::invalid(format!("{name} is `{value}` but must be one of {}", known.join(", "))))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_rows_are_reported_with_their_line() {
        let file = "email,name,country\n\
                    a@x.example,Ann,DE\n\
                    nobody,Bob,DE\n\
                    c@x.example,,DE\n\
                    d@x.example,Dan,Germany\n\
                    A@x.example,Ann again,DE\n\
                    e@x.example\n\
                    f@x.example,\"Fay, F.\",FR\n";
        let import = read_customers(file.as_bytes()).unwrap();
        assert_eq!((import.imported, import.rejected), (2, 5));
        assert_eq!(
            import.rows,
            [
                (3, "email is not an address"),
                (4, "name is empty"),
                (5, "country is not two capital letters"),
                (6, "email occurs twice"),
                (7, "wrong number of fields")
            ]
        );
        assert!(read_customers(b"mail,name,country\n").is_err());
        assert!(read_customers(b"").is_err());
    }

    #[test]
    fn a_report_needs_a_period_and_filters_that_make_sense() {
        let check = |json: Value| serde_json::from_value::<ReportRequest>(json).map(|wanted| wanted.check().is_ok());
        let report = |from: &str, to: &str, filters: Value| {
            check(json!({ "type": "sales", "date_from": from, "date_to": to, "filters": filters }))
        };
        assert!(report("2026-01-01", "2026-03-31", json!({ "region": "eu" })).unwrap());
        assert!(!report("2026-04-01", "2026-03-31", json!({})).unwrap());
        assert!(!report("2020-01-01", "2026-03-31", json!({})).unwrap());
        assert!(!report("2026-02-30", "2026-03-31", json!({})).unwrap());
        assert!(!report("2026-01-01", "2026-03-31", json!({ "region": "moon" })).unwrap());
        assert!(report("2026-01-01", "2026-03-31", json!({ "color": "red" })).is_err());
    }
}
