//! Tests of github through its public face.
