//! The health check and the catalog: pages that need no login.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Parameters, ShopRefusal, page};
use super::data::CATEGORIES;
use super::state::ShopState;

pub(super) async fn home() -> Json<Value> {
    Json(json!({ "shop": "sample shop of loadforge-ci", "products": "/api/v1/products" }))
}

pub(super) async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

#[derive(Deserialize)]
pub(super) struct ProductList {
    category: Option<String>,
    #[serde(default = "first")]
    page: usize,
    #[serde(default = "twenty")]
    limit: usize,
}

const fn first() -> usize {
    1
}

const fn twenty() -> usize {
    20
}

pub(super) async fn products(
    State(shop): State<Arc<ShopState>>,
    Parameters(list): Parameters<ProductList>,
) -> Result<Json<Value>, ShopRefusal> {
    if let Some(category) = list.category.as_deref().filter(|category| !CATEGORIES.contains(category)) {
        let known = CATEGORIES.join(", ");
        return Err(ShopRefusal::invalid(format!("no category `{category}`: it is one of {known}")));
    }
    let products = shop
        .store()
        .products()
        .iter()
        .filter(|product| list.category.as_deref().is_none_or(|category| product.category == category))
        .cloned()
        .collect();
    let (total, products) = page(products, list.page, list.limit)?;
    Ok(Json(json!({ "products": products, "page": list.page, "limit": list.limit, "total": total })))
}

pub(super) async fn product(
    State(shop): State<Arc<ShopState>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ShopRefusal> {
    let store = shop.store();
    let product = id.parse().ok().and_then(|id| store.product(id));
    product.map(|product| Json(json!(product))).ok_or_else(|| ShopRefusal::not_found("product"))
}
