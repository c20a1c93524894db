//! Each way a connection goes wrong, met before the load by the look at the host, and during it by real Locust.

mod locust;
mod preflight;
mod servers;
