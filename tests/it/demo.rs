//! Tests of demo through its public face.
