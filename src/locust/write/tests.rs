use std::fs;

use super::*;
use crate::locust::record::{Record, Tail};
use crate::locust::{HistoryReader, read_failures, read_stats};
use crate::results::{FailureKind, Histogram, Percentile};

/// Two processes, three seconds, two endpoints, one failure, one comma in a name.
const RECORD: &str = r#"{"event":"init","t":99.9,"role":"local","pid":1,"locust":"2.47.0","users":["U"],"shape":null}
{"event":"mark","name":"test_start","t":100.0}
{"event":"second","s":100,"t":101.02,"users":2,"cpu":0.1,"last":100.5,"endpoints":[["GET","/b",2,0,0,310.0,104.25,205.75,20,[[104500,1],[205500,1]],[]]],"errors":[],"exceptions":[]}
{"event":"second","s":101,"t":102.02,"users":4,"cpu":0.1,"last":101.5,"endpoints":[["POST","/a,1",1,1,0,1.5,0.5,1.0,10,[[1005,1]],[[500,1]]]],"errors":[["POST","/a,1","503","HTTPError('503 Server Error')",1,101.5,101.5]],"exceptions":[]}
{"event":"second","s":103,"t":104.02,"users":4,"cpu":0.1,"last":104.0,"endpoints":[["GET","/b",1,0,0,12345.0,12345.0,12345.0,10,[[12350000,1]],[]]],"errors":[],"exceptions":[]}
{"event":"final","t":104.1,"exit_code":86,"requests":5,"failures":1}
"#;

fn record(text: &str) -> Record {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("local-1.ndjson"), text).unwrap();
    let mut record = Record::default();
    Tail::new(dir.path()).read_into(&mut record).unwrap();
    record
}

#[test]
fn the_files_are_locusts_to_the_letter() {
    let record = record(RECORD);
    insta::assert_snapshot!(stats_csv(&record).replace('\r', "␍"), @r#"
    Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%␍
    POST,"/a,1",2,1,1,0.75,0.5,1.0,5.0,0.5,0.25,1,1,1,1,1,1,1,1,1,1,1␍
    GET,/b,3,0,210,4218.333333333333,104.25,12345.0,10.0,0.75,0.0,210,210,12000,12000,12000,12000,12000,12000,12000,12000,12000␍
    ,Aggregated,5,1,100,2531.3,0.5,12345.0,8.0,1.25,0.25,100,210,210,12000,12000,12000,12000,12000,12000,12000,12000␍
    "#);
    insta::assert_snapshot!(failures_csv(&record).replace('\r', "␍"), @r#"
    Method,Name,Error,Occurrences,First Seen,Last Seen␍
    POST,"/a,1",HTTPError('503 Server Error'),1,1970-01-01T00:01:41Z,1970-01-01T00:01:41Z␍
    "#);
    insta::assert_snapshot!(history_csv(&record).replace('\r', "␍"), @r#"
    Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%,Total Request Count,Total Failure Count,Total Median Response Time,Total Average Response Time,Total Min Response Time,Total Max Response Time,Total Average Content Size␍
    100,0,,Aggregated,0.000000,0.000000,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,0,0,0,0.0,0,0,0␍
    101,2,GET,/b,0.000000,0.000000,210,210,210,210,210,210,210,210,210,210,210,2,0,205.75,155.0,104.25,205.75,10.0␍
    101,2,,Aggregated,0.000000,0.000000,210,210,210,210,210,210,210,210,210,210,210,2,0,205.75,155.0,104.25,205.75,10.0␍
    102,4,POST,"/a,1",0.000000,0.000000,1,1,1,1,1,1,1,1,1,1,1,2,1,1,0.75,0.5,1.0,5.0␍
    102,4,GET,/b,0.000000,0.000000,210,210,210,210,210,210,210,210,210,210,210,2,0,205.75,155.0,104.25,205.75,10.0␍
    102,4,,Aggregated,0.000000,0.000000,100,100,210,210,210,210,210,210,210,210,210,4,1,100,77.875,0.5,205.75,7.5␍
    103,4,POST,"/a,1",0.000000,0.000000,1,1,1,1,1,1,1,1,1,1,1,2,1,1,0.75,0.5,1.0,5.0␍
    103,4,GET,/b,0.000000,0.000000,210,210,210,210,210,210,210,210,210,210,210,2,0,205.75,155.0,104.25,205.75,10.0␍
    103,4,,Aggregated,0.000000,0.000000,100,100,210,210,210,210,210,210,210,210,210,4,1,100,77.875,0.5,205.75,7.5␍
    104,4,POST,"/a,1",0.000000,0.000000,1,1,1,1,1,1,1,1,1,1,1,2,1,1,0.75,0.5,1.0,5.0␍
    104,4,GET,/b,2.000000,0.000000,210,210,12000,12000,12000,12000,12000,12000,12000,12000,12000,3,0,210,4218.333333333333,104.25,12345.0,10.0␍
    104,4,,Aggregated,2.000000,0.000000,100,210,210,12000,12000,12000,12000,12000,12000,12000,12000,5,1,100,2531.3,0.5,12345.0,8.0␍
    "#);
}

#[test]
fn what_is_written_reads_back_as_what_was_recorded() {
    let record = record(RECORD);
    let stats = read_stats("stats.csv", stats_csv(&record).as_bytes()).unwrap();
    assert_eq!((stats.total.requests, stats.total.failures), (5, 1));
    for (key, measured) in record.endpoints() {
        let row = stats.endpoints.iter().find(|row| row.key() == *key).unwrap();
        assert_eq!(row.requests, measured.passed_times.count() + measured.failed_times.count());
        assert_eq!(row.failures, measured.failed_times.count());
    }
    let failures = read_failures("failures.csv", failures_csv(&record).as_bytes()).unwrap();
    assert_eq!((failures[0].kind(), failures[0].occurrences), (FailureKind::Http(503), 1));

    let text = history_csv(&record);
    let mut reader = HistoryReader::open("history.csv", text.as_bytes()).unwrap();
    let mut totals = Vec::new();
    while let Some(row) = reader.next_row().unwrap() {
        if row.is_total() {
            totals.push((row.timestamp().unwrap(), row.users().unwrap(), row.total_requests().unwrap()));
        }
    }
    assert_eq!(totals, [(100, 0, 0), (101, 2, 2), (102, 4, 4), (103, 4, 4), (104, 4, 5)]);
}

#[test]
fn the_exact_times_are_told_apart_and_after_the_ramp_up() {
    let record = record(RECORD);
    let exact = record.exact();
    assert_eq!(exact[0].failed, [(500, 1)].into_iter().collect::<Histogram>());
    assert_eq!(exact[1].passed.percentile(Percentile::P50), Some(205.5));
    let steady = record.exact_after_ramp_up().unwrap();
    // Four users ran from the end of second 101 on.
    assert_eq!((steady.from_s, steady.seconds, steady.endpoints.len()), (102, 2.0, 1));
}

#[test]
fn an_empty_record_makes_files_that_say_so() {
    let record = Record::default();
    let stats = read_stats("stats.csv", stats_csv(&record).as_bytes()).unwrap();
    assert_eq!((stats.total.requests, stats.endpoints.len()), (0, 0));
    assert!(read_failures("failures.csv", failures_csv(&record).as_bytes()).unwrap().is_empty());
    assert!(HistoryReader::open("history.csv", history_csv(&record).as_bytes()).unwrap().next_row().unwrap().is_none());
}

#[test]
fn the_history_of_many_endpoints_stays_bounded() {
    let second = |s: i64| {
        let endpoints: Vec<String> =
            (0..20).map(|i| format!(r#"["GET","/{i}",1,0,0,2.0,2.0,2.0,1,[[2005,1]],[]]"#)).collect();
        let endpoints = endpoints.join(",");
        format!(
            r#"{{"event":"second","s":{s},"t":{s}.9,"users":1,"cpu":0.1,"last":{s}.5,"endpoints":[{endpoints}],"errors":[],"exceptions":[]}}"#
        )
    };
    let lines: Vec<String> = (0..100).map(second).collect();
    let history = history::bounded_history_csv(&record(&(lines.join("\n") + "\n")), 500);
    // Every fourth second and the last one; the totals are still written every second, and once before the first.
    assert_eq!(history.matches(",GET,").count(), 26 * 20);
    assert_eq!(history.matches(",,Aggregated,").count(), 101);
}
