//! The demo shop by itself, and the four scripts against it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use loadforge_ci::demo::scripts;
use loadforge_ci::demo::shop::{ACCOUNTS, Account, Fault, RunningShop, Served, Shop, ShopConfig};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::bare_locust::{self, Load};

const SHOPPER: Account = ACCOUNTS[0];
const BUYER: Account = ACCOUNTS[1];
const ANALYST: Account = ACCOUNTS[2];

/// A client of the shop, as one account.
struct Visitor {
    client: Client,
    url: String,
    token: Option<String>,
}

impl Visitor {
    fn new(shop: &RunningShop) -> Self {
        let client = loadforge_ci::http::builder().no_proxy().build().unwrap();
        Self { client, url: shop.url(), token: None }
    }

    async fn logged_in(shop: &RunningShop, account: Account) -> Self {
        let mut visitor = Self::new(shop);
        let body = json!({ "email": account.email, "password": account.password });
        let answer = visitor.post("/api/v1/auth/login", body).await;
        visitor.token = Some(answer.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned());
        visitor
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> Response {
        self.request(Method::POST, path).json(&body).send().await.unwrap()
    }

    /// Posts and gives status and body.
    async fn try_post(&self, path: &str, body: Value) -> (u16, Value) {
        let answer = self.post(path, body).await;
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

async fn shop(faults: Vec<Fault>) -> RunningShop {
    Shop::start(ShopConfig { faults, ..ShopConfig::default() }).await.unwrap()
}

fn served<'a>(all: &'a [Served], name: &str) -> &'a Served {
    all.iter().find(|served| served.name == name).unwrap_or_else(|| panic!("{name} is not in {all:?}"))
}

#[tokio::test]
async fn passwords_tokens_and_rights_are_checked() {
    let shop = shop(vec![]).await;
    let nobody = Visitor::new(&shop);
    let login = |email: &str, password: &str| {
        nobody.try_post("/api/v1/auth/login", json!({ "email": email, "password": password }))
    };
    assert_eq!(login(SHOPPER.email, "wrong").await.0, 401);
    assert_eq!(login("nobody@demo.example", SHOPPER.password).await.0, 401);
    assert_eq!(nobody.try_post("/api/v1/auth/login", json!({ "email": "x" })).await.0, 422);
    assert_eq!(nobody.get("/api/v1/account/profile").await.status(), 401);
    let forged = Visitor { token: Some("0.0.0.AAAA".into()), ..Visitor::new(&shop) };
    assert_eq!(forged.get("/api/v1/orders").await.status(), 401);

    let shopper = Visitor::logged_in(&shop, SHOPPER).await;
    let profile: Value = shopper.get("/api/v1/account/profile").await.json().await.unwrap();
    assert_eq!(profile["email"], SHOPPER.email);
    let report = json!({ "type": "sales", "date_from": "2026-01-01", "date_to": "2026-01-31" });
    assert_eq!(shopper.try_post("/api/v1/reports/generate", report).await.0, 403);
    let orders: Value = shopper.get("/api/v1/orders?status=all&page=3&limit=10").await.json().await.unwrap();
    assert_eq!((orders["total"].as_u64(), orders["orders"].as_array().map(Vec::len)), (Some(25), Some(5)));
    assert_eq!(shopper.get("/api/v1/orders?status=lost").await.status(), 422);
    shop.shutdown().await;
}

#[tokio::test]
async fn a_checkout_keeps_its_order() {
    let shop = shop(vec![]).await;
    let buyer = Visitor::logged_in(&shop, BUYER).await;
    let (status, cart) = buyer.try_post("/api/v1/carts", json!({ "currency": "EUR" })).await;
    assert_eq!(status, 201);
    let path = |step: &str| format!("/api/v1/carts/{}/{step}", cart["id"].as_str().unwrap());
    let address = json!({ "name": "A", "street": "B 1", "city": "C", "postal_code": "1", "country": "DE" });
    let card = json!({ "method": "card" });

    let (status, answer) = buyer.try_post(&path("shipping-address"), address.clone()).await;
    assert_eq!((status, &answer["error"]["code"]), (409, &json!("cart_empty")));
    assert_eq!(buyer.try_post(&path("items"), json!({ "product_id": 999, "quantity": 1 })).await.0, 422);
    assert_eq!(buyer.try_post(&path("items"), json!({ "product_id": 4, "quantity": 2 })).await.0, 201);
    let (status, answer) = buyer.try_post(&path("payment-intents"), card.clone()).await;
    assert_eq!((status, &answer["error"]["code"]), (409, &json!("shipping_address_missing")));
    assert_eq!(buyer.try_post(&path("shipping-address"), address).await.0, 200);
    let (status, answer) = buyer.try_post(&path("checkout"), json!({ "payment_intent_id": "pi_0" })).await;
    assert_eq!((status, &answer["error"]["code"]), (409, &json!("payment_intent_missing")));
    let (_, intent) = buyer.try_post(&path("payment-intents"), card).await;

    // The cart remembers its items, and belongs to its owner alone.
    let shown: Value = buyer.get(path("").trim_end_matches('/')).await.json().await.unwrap();
    assert_eq!(shown["items"][0]["quantity"], 2);
    let stranger = Visitor::logged_in(&shop, SHOPPER).await;
    assert_eq!(stranger.get(path("").trim_end_matches('/')).await.status(), 404);

    let pay = json!({ "payment_intent_id": intent["id"] });
    let (status, order) = buyer.try_post(&path("checkout"), pay.clone()).await;
    assert_eq!((status, &order["total_cents"]), (201, &intent["amount_cents"]));
    let (status, answer) = buyer.try_post(&path("checkout"), pay).await;
    assert_eq!((status, &answer["error"]["code"]), (409, &json!("cart_closed")));
    let stored = buyer.get(&format!("/api/v1/orders/{}", order["order_id"])).await;
    assert_eq!(stored.json::<Value>().await.unwrap()["total_cents"], order["total_cents"]);
    shop.shutdown().await;
}

#[tokio::test]
async fn an_uploaded_file_is_parsed_and_reports_are_validated() {
    let shop = shop(vec![]).await;
    let analyst = Visitor::logged_in(&shop, ANALYST).await;
    let upload = |field: &str, csv: &str| {
        let body = format!(
            "--XX\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"c.csv\"\r\n\
             Content-Type: text/csv\r\n\r\n{csv}\r\n--XX--\r\n"
        );
        let request = analyst.request(Method::POST, "/api/v1/imports/customers");
        request.header("Content-Type", "multipart/form-data; boundary=XX").body(body).send()
    };
    let answer = upload("file", "email,name,country\na@x.example,Ann,DE\nbad,Bob,DE\n").await.unwrap();
    let import: Value = answer.json().await.unwrap();
    assert_eq!((&import["imported"], &import["rejected"]), (&json!(1), &json!(1)));
    assert_eq!(import["rejected_rows"], json!([{ "line": 3, "reason": "email is not an address" }]));
    assert_eq!(upload("other", "email,name,country\n").await.unwrap().status(), 422);
    assert_eq!(analyst.try_post("/api/v1/imports/customers", json!({})).await.0, 415);

    let report = |from: &str, filters: Value| {
        let body = json!({ "type": "sales", "date_from": from, "date_to": "2026-03-31", "filters": filters });
        analyst.try_post("/api/v1/reports/generate", body)
    };
    let (status, answer) = report("2026-01-01", json!({ "category": "books" })).await;
    assert_eq!((status, &answer["status"]), (200, &json!("ready")));
    assert_eq!(report("2026-05-01", json!({})).await.0, 422);
    assert_eq!(report("2026-01-01", json!({ "category": "cars" })).await.0, 422);
    assert_eq!(report("2026-01-01", json!({ "color": "red" })).await.0, 422);
    shop.shutdown().await;
}

#[tokio::test]
async fn what_was_served_is_counted_by_endpoint_and_shown() {
    let shop = shop(vec![]).await;
    let buyer = Visitor::logged_in(&shop, BUYER).await;
    for _ in 0..3 {
        let (_, cart) = buyer.try_post("/api/v1/carts", json!({})).await;
        let path = format!("/api/v1/carts/{}/items", cart["id"].as_str().unwrap());
        buyer.try_post(&path, json!({ "product_id": 1, "quantity": 1 })).await;
    }
    buyer.get("/nothing/here").await;
    let shown: Vec<Served> = buyer.get("/_served").await.json().await.unwrap();
    assert_eq!(shown, shop.served());
    let items = served(&shown, "/api/v1/carts/[id]/items");
    assert_eq!((items.method.as_str(), items.requests(), &items.statuses), ("POST", 3, &[(201, 3)].into()));
    assert_eq!(served(&shown, "(unknown)").statuses, [(404, 1)].into());
    assert_eq!(shown.len(), 4, "login, carts, items and the unknown path, but not /_served: {shown:?}");
    shop.shutdown().await;
}

#[tokio::test]
async fn a_reset_really_breaks_the_connection() {
    let shop = shop(vec![Fault::Resets { share: 1.0 }]).await;
    let visitor = Visitor::new(&shop);
    let error = visitor.request(Method::GET, "/api/v1/products").send().await.unwrap_err();
    let text = loadforge_ci::error::chain(&error).to_lowercase();
    assert!(text.contains("reset"), "{text}");
    assert_eq!(visitor.get("/health").await.status(), StatusCode::OK);
    let all = shop.served();
    let products = served(&all, "/api/v1/products");
    assert_eq!((products.answered, products.resets), (0, products.requests()));
    shop.set_faults(vec![]);
    assert_eq!(visitor.get("/api/v1/products").await.status(), StatusCode::OK);
    shop.shutdown().await;
}

#[tokio::test]
async fn faults_show_in_the_answers() {
    let shop = shop(vec![Fault::RateLimit { share: 1.0 }]).await;
    let visitor = Visitor::new(&shop);
    let limited = visitor.get("/api/v1/products").await;
    assert_eq!((limited.status().as_u16(), limited.headers()["retry-after"].to_str().unwrap()), (429, "1"));
    shop.set_faults(vec![Fault::FailFast { share: 1.0 }]);
    assert_eq!(visitor.get("/api/v1/products").await.status(), 500);
    shop.set_faults(vec![Fault::FailingCheckout { share: 1.0 }]);
    assert_eq!(visitor.get("/api/v1/products").await.status(), 200);
    assert_eq!(visitor.post("/api/v1/carts/1/checkout", json!({})).await.status(), 503);
    shop.set_faults(vec![Fault::ErrorSpike { from: Duration::ZERO, to: Duration::from_secs(600), share: 1.0 }]);
    assert_eq!(visitor.get("/api/v1/products").await.status(), 500);
    shop.shutdown().await;
}

#[tokio::test]
async fn a_taken_port_is_said_in_words() {
    let shop = shop(vec![]).await;
    let listen = shop.url().strip_prefix("http://").unwrap().parse().unwrap();
    let error = Shop::start(ShopConfig { listen, ..ShopConfig::default() }).await.unwrap_err();
    assert_eq!(error.to_string(), format!("the demo shop cannot listen on {listen}"));
    shop.shutdown().await;
}

fn example(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/locust").join(file)
}

#[tokio::test]
async fn the_four_scripts_count_what_the_shop_served() {
    let runs = scripts::ALL.map(|script| async move {
        let shop = shop(vec![]).await;
        let path = example(script.file);
        let load = Load { script: &path, users: 20, spawn_rate: 20, seconds: 6, env: shop.env(), csv: None };
        let output = bare_locust::run(load).await;
        let counted = bare_locust::counts(&output);
        let served: Vec<_> = shop
            .served()
            .into_iter()
            .map(|served| (served.method.clone(), served.name.clone(), served.requests(), served.failures()))
            .collect();
        assert_eq!(counted, served, "{}", script.file);
        assert!(counted.iter().all(|(.., failures)| *failures == 0), "{counted:?}");
        assert!(output.status.success());
        shop.shutdown().await;
        let endpoints: Vec<_> = counted.iter().map(|(method, name, ..)| format!("{method} {name}")).collect();
        format!("{}\n{}", script.file, endpoints.join("\n"))
    });
    let [a, b, c, d] = runs;
    let (a, b, c, d) = tokio::join!(a, b, c, d);
    insta::assert_snapshot!([a, b, c, d].join("\n\n"), @r"
    ecommerce.py
    POST /api/v1/auth/login
    GET /api/v1/products
    GET /health

    authenticated.py
    GET /api/v1/account/profile
    POST /api/v1/auth/login
    POST /api/v1/carts
    GET /api/v1/orders

    checkout.py
    POST /api/v1/auth/login
    POST /api/v1/carts
    POST /api/v1/carts/[id]/checkout
    POST /api/v1/carts/[id]/items
    POST /api/v1/carts/[id]/payment-intents
    POST /api/v1/carts/[id]/shipping-address

    reporting.py
    POST /api/v1/auth/login
    POST /api/v1/imports/customers
    POST /api/v1/reports/generate
    ");
}

#[tokio::test]
async fn counts_agree_when_requests_fail_and_connections_break() {
    let faults = vec![
        Fault::Resets { share: 0.1 },
        Fault::RateLimit { share: 0.1 },
        Fault::FailingCheckout { share: 0.3 },
        Fault::SlowLogin { factor: 2.0 },
    ];
    let shop = shop(faults).await;
    let path = example("checkout.py");
    let load = Load { script: &path, users: 30, spawn_rate: 30, seconds: 6, env: shop.env(), csv: None };
    let output = bare_locust::run(load).await;
    let counted = bare_locust::counts(&output);
    let all = shop.served();
    let served: Vec<_> = all
        .iter()
        .map(|served| (served.method.clone(), served.name.clone(), served.requests(), served.failures()))
        .collect();
    assert_eq!(counted, served);
    assert!(all.iter().map(|served| served.resets).sum::<u64>() > 0, "{all:?}");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!text.contains("Traceback"), "a failed request must not raise in the script: {text}");
    shop.shutdown().await;
}

#[tokio::test]
async fn a_missing_variable_is_named_at_import() {
    let mut runs = tokio::task::JoinSet::new();
    for (index, script) in scripts::ALL.into_iter().enumerate() {
        for variable in script.variables {
            assert!(script.source.contains(&format!("required(\"{variable}\")")), "{}: {variable}", script.file);
        }
        let missing = script.variables[index % script.variables.len()];
        // Set but empty: what is missing must not depend on the machine the test runs on.
        let value = move |name: &str| if name == missing { String::new() } else { "x".to_owned() };
        runs.spawn(async move {
            let env = script.variables.iter().map(|&name| (name, value(name))).collect();
            let load = Load { script: &example(script.file), users: 1, spawn_rate: 1, seconds: 1, env, csv: None };
            let output = bare_locust::run(load).await;
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success());
            let words = format!("the environment variable {missing} is not set");
            assert!(text.contains(&words), "{}: {text}", script.file);
        });
    }
    runs.join_all().await;
}
