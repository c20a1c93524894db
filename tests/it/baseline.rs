//! Tests of baseline through its public face.
