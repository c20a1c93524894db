//! Tests of emulator through its public face.
