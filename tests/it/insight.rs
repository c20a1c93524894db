//! Tests of insight through its public face.
