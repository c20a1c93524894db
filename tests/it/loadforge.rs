//! Tests of loadforge through its public face.
