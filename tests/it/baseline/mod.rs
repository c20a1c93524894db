//! The history of good runs and the limits learned from it.

mod add;
mod closed_loop;
mod false_alarms;
mod history;
mod judge;
mod rates;
mod recorded;
mod recorded_services;
mod replay;
mod simulation;
mod support;
mod worlds;
