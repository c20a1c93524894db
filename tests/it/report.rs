//! Tests of report through its public face.
