//! Tests of gate through its public face.
