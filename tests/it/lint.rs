//! Tests of lint through its public face.
