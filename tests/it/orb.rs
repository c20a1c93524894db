//! Tests of orb through its public face.
