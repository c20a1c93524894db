//! The history of good runs and the limits learned from it.

mod add;
mod change_rates;
mod changes;
mod closed_loop;
mod explain;
mod false_alarms;
mod history;
mod judge;
mod rates;
mod recorded;
mod recorded_services;
mod replay;
mod series;
mod simulation;
mod since;
mod support;
mod worlds;
