//! The demo shop: the system under test of the demo and of the tests.
