//! Reading a Locust script for pitfalls.
