//! The shop's endpoints by the names the scripts give them, and how long each usually takes.

use std::time::Duration;

use fastrand::Rng;

/// How long an endpoint takes: log-normal, as response times of one code path are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Latency {
    /// Median, ms.
    median_ms: f64,
    /// Standard deviation of the logarithm; 0.2 puts p95 at 1.39 × the median.
    sigma: f64,
}

impl Latency {
    /// Draws one latency. Never more than e^(3 sigma) times the median, so that short runs stay comparable.
    pub(super) fn draw(self, rng: &mut Rng) -> Duration {
        // Box–Muller; `1 - u` keeps the logarithm's argument above zero.
        let radius = (-2.0 * (1.0 - rng.f64()).ln()).sqrt();
        let normal = (radius * (std::f64::consts::TAU * rng.f64()).cos()).clamp(-3.0, 3.0);
        Duration::from_secs_f64(self.median_ms / 1000.0 * (self.sigma * normal).exp())
    }
}

const fn endpoint(method: &'static str, name: &'static str, median_ms: f64, sigma: f64) -> ShopEndpoint {
    ShopEndpoint { method, name, latency: Latency { median_ms, sigma } }
}

/// An endpoint of the shop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ShopEndpoint {
    pub(super) method: &'static str,
    /// The path with `[id]` for what differs from call to call.
    pub(super) name: &'static str,
    pub(super) latency: Latency,
}

const ENDPOINTS: [ShopEndpoint; 16] = [
    endpoint("GET", "/health", 3.0, 0.15),
    endpoint("GET", "/api/v1/products", 21.0, 0.17),
    endpoint("GET", "/api/v1/products/[id]", 14.0, 0.17),
    endpoint("POST", "/api/v1/auth/login", 56.0, 0.17),
    endpoint("GET", "/api/v1/account/profile", 16.0, 0.17),
    endpoint("GET", "/api/v1/orders", 30.0, 0.2),
    endpoint("GET", "/api/v1/orders/[id]", 18.0, 0.17),
    endpoint("POST", "/api/v1/carts", 24.0, 0.17),
    endpoint("GET", "/api/v1/carts/[id]", 14.0, 0.17),
    endpoint("POST", "/api/v1/carts/[id]/items", 22.0, 0.17),
    endpoint("POST", "/api/v1/carts/[id]/shipping-address", 20.0, 0.17),
    endpoint("POST", "/api/v1/carts/[id]/payment-intents", 65.0, 0.2),
    endpoint("POST", "/api/v1/carts/[id]/checkout", 85.0, 0.2),
    endpoint("POST", "/api/v1/imports/customers", 110.0, 0.2),
    endpoint("POST", "/api/v1/reports/generate", 145.0, 0.17),
    endpoint("GET", "/", 4.0, 0.15),
];

/// What a request that fits no endpoint is counted as.
const UNKNOWN: ShopEndpoint = endpoint("", "(unknown)", 2.0, 0.1);

impl ShopEndpoint {
    /// The endpoint a request is for.
    pub(super) fn of(method: &str, path: &str) -> Self {
        ENDPOINTS.into_iter().find(|endpoint| endpoint.method == method && fits(endpoint.name, path)).unwrap_or(UNKNOWN)
    }

    pub(super) fn is_login(self) -> bool {
        self.name.ends_with("/login")
    }

    pub(super) fn is_checkout(self) -> bool {
        self.name.ends_with("/checkout")
    }

    /// Whether it is part of the shop's API, and not the health check of a load balancer.
    pub(super) fn is_api(self) -> bool {
        self.name.starts_with("/api/")
    }
}

fn fits(name: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    name.split('/').all(|wanted| segments.next().is_some_and(|found| wanted == found || wanted == "[id]"))
        && segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_folded_and_nothing_else() {
        let name = |method, path| ShopEndpoint::of(method, path).name;
        assert_eq!(name("POST", "/api/v1/carts/0a1b/items"), "/api/v1/carts/[id]/items");
        assert_eq!(name("GET", "/api/v1/orders"), "/api/v1/orders");
        assert_eq!(name("GET", "/api/v1/orders/17"), "/api/v1/orders/[id]");
        assert_eq!(name("DELETE", "/api/v1/orders/17"), "(unknown)");
        assert_eq!(name("GET", "/api/v1/orders/17/x"), "(unknown)");
    }

    #[test]
    fn latency_is_seeded_and_of_the_size_it_says() {
        let login = ShopEndpoint::of("POST", "/api/v1/auth/login").latency;
        let draw = |seed| {
            let mut rng = Rng::with_seed(seed);
            (0..2_001).map(|_| login.draw(&mut rng)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let mut sorted = draw(3);
        sorted.sort_unstable();
        let ms = |index: usize| sorted[index].as_secs_f64() * 1000.0;
        assert!((50.0..62.0).contains(&ms(1_000)), "median {}", ms(1_000));
        assert!(ms(40) > 36.0 && ms(1_960) < 85.0, "{} to {}", ms(40), ms(1_960));
    }
}
