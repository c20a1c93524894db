//! The history of good runs and the limits learned from it.

mod simulation;

mod false_alarms;
