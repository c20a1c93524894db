//! Tests of run through its public face.
