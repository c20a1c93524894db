//! The four Locust scripts of `examples/locust/`, part of the binary so that `demo` and `init` need no checkout.

/// A Locust script that comes with this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoScript {
    /// Its file name, for example `checkout.py`.
    pub file: &'static str,
    /// What it does, in a few words.
    pub about: &'static str,
    /// Its text.
    pub source: &'static str,
    /// The environment variables it needs.
    pub variables: &'static [&'static str],
}

/// Health check, product list and log-in of a shop.
pub const ECOMMERCE: DemoScript = DemoScript {
    file: "ecommerce.py",
    about: "visitors: health check, product list, log-in",
    source: include_str!("../../examples/locust/ecommerce.py"),
    variables: &["TARGET_HOST", "TEST_USER_EMAIL", "TEST_USER_PASSWORD"],
};

/// Pages behind a log-in.
pub const AUTHENTICATED: DemoScript = DemoScript {
    file: "authenticated.py",
    about: "customers who are logged in: profile, orders, carts",
    source: include_str!("../../examples/locust/authenticated.py"),
    variables: &["TARGET_HOST", "TEST_USER_EMAIL", "TEST_USER_PASSWORD"],
};

/// A checkout of several steps.
pub const CHECKOUT: DemoScript = DemoScript {
    file: "checkout.py",
    about: "buyers: from an empty cart to an order",
    source: include_str!("../../examples/locust/checkout.py"),
    variables: &["TARGET_HOST", "CHECKOUT_USER_EMAIL", "CHECKOUT_USER_PASSWORD"],
};

/// Uploads and slow reports.
pub const REPORTING: DemoScript = DemoScript {
    file: "reporting.py",
    about: "analysts: CSV upload and reports",
    source: include_str!("../../examples/locust/reporting.py"),
    variables: &["TARGET_HOST", "REPORT_USER_EMAIL", "REPORT_USER_PASSWORD"],
};

/// All of them.
pub const ALL: [DemoScript; 4] = [ECOMMERCE, AUTHENTICATED, CHECKOUT, REPORTING];
