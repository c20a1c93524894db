//! Carts and the way to an order: items, shipping address, payment intent, checkout, in this order.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{JsonBody, ShopRefusal};
use super::customer::Customer;
use super::data::{Address, Cart, Item, PaymentIntent, ShopData};
use super::state::ShopState;

/// Lines a cart takes.
const MOST_ITEMS: usize = 100;

type CartAnswer = Result<(StatusCode, Json<Value>), ShopRefusal>;

fn created(value: &impl serde::Serialize) -> CartAnswer {
    Ok((StatusCode::CREATED, Json(json!(value))))
}

#[derive(Default, Deserialize)]
struct NewCart {
    currency: Option<String>,
}

/// Opens a cart; the body may be empty.
pub(super) async fn create(State(shop): State<Arc<ShopState>>, customer: Customer, body: Bytes) -> CartAnswer {
    let new: NewCart = if body.trim_ascii().is_empty() {
        NewCart::default()
    } else {
        serde_json::from_slice(&body)
            .map_err(|error| ShopRefusal::new(StatusCode::BAD_REQUEST, "bad_body", error.to_string()))?
    };
    let currency = new.currency.unwrap_or_else(|| "EUR".into());
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(ShopRefusal::invalid("currency is three capital letters"));
    }
    created(shop.store().add_cart(customer.index, currency))
}

pub(super) async fn show(
    State(shop): State<Arc<ShopState>>,
    customer: Customer,
    Path(id): Path<String>,
) -> Result<Json<Value>, ShopRefusal> {
    let mut store = shop.store();
    store.cart(customer.index, &id).map(|cart| Json(json!(cart))).ok_or_else(|| ShopRefusal::not_found("cart"))
}

/// The cart, as long as it has not become an order.
fn open_cart<'a>(store: &'a mut ShopData, customer: Customer, id: &str) -> Result<&'a mut Cart, ShopRefusal> {
    let cart = store.cart(customer.index, id).ok_or_else(|| ShopRefusal::not_found("cart"))?;
    if cart.order_id.is_some() {
        return Err(ShopRefusal::out_of_order("cart_closed", "this cart has been checked out"));
    }
    Ok(cart)
}

#[derive(Deserialize)]
pub(super) struct NewItem {
    product_id: u64,
    quantity: u64,
}

pub(super) async fn add_item(
    State(shop): State<Arc<ShopState>>,
    customer: Customer,
    Path(id): Path<String>,
    JsonBody(new): JsonBody<NewItem>,
) -> CartAnswer {
    let mut store = shop.store();
    let price_cents = store.product(new.product_id).ok_or_else(|| ShopRefusal::invalid("no such product"))?.price_cents;
    let cart = open_cart(&mut store, customer, &id)?;
    if !(1..=99).contains(&new.quantity) {
        return Err(ShopRefusal::invalid("quantity is from 1 to 99"));
    }
    if cart.items.len() >= MOST_ITEMS {
        return Err(ShopRefusal::invalid(format!("a cart takes {MOST_ITEMS} items")));
    }
    cart.items.push(Item { product_id: new.product_id, quantity: new.quantity, price_cents });
    // The sum has changed, so what was promised to be paid no longer holds.
    cart.payment_intent = None;
    created(cart)
}

pub(super) async fn set_shipping_address(
    State(shop): State<Arc<ShopState>>,
    customer: Customer,
    Path(id): Path<String>,
    JsonBody(address): JsonBody<Address>,
) -> CartAnswer {
    let mut store = shop.store();
    let cart = open_cart(&mut store, customer, &id)?;
    if cart.items.is_empty() {
        return Err(ShopRefusal::out_of_order("cart_empty", "put an item into the cart first"));
    }
    let Address { name, street, city, postal_code, country } = &address;
    if [name, street, city, postal_code].iter().any(|field| field.trim().is_empty()) {
        return Err(ShopRefusal::invalid("name, street, city and postal_code must not be empty"));
    }
    if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(ShopRefusal::invalid("country is two capital letters"));
    }
    cart.shipping_address = Some(address);
    Ok((StatusCode::OK, Json(json!(cart))))
}

#[derive(Deserialize)]
pub(super) struct NewPaymentIntent {
    method: String,
}

pub(super) async fn create_payment_intent(
    State(shop): State<Arc<ShopState>>,
    customer: Customer,
    Path(id): Path<String>,
    JsonBody(new): JsonBody<NewPaymentIntent>,
) -> CartAnswer {
    if !["card", "invoice"].contains(&new.method.as_str()) {
        return Err(ShopRefusal::invalid("method is card or invoice"));
    }
    let mut store = shop.store();
    let intent_id = format!("pi_{}", store.new_id());
    let cart = open_cart(&mut store, customer, &id)?;
    if cart.shipping_address.is_none() {
        return Err(ShopRefusal::out_of_order("shipping_address_missing", "set the shipping address first"));
    }
    let intent = PaymentIntent { id: intent_id, amount_cents: cart.total_cents(), method: new.method };
    created(cart.payment_intent.insert(intent))
}

#[derive(Deserialize)]
pub(super) struct CheckOut {
    payment_intent_id: String,
}

pub(super) async fn check_out(
    State(shop): State<Arc<ShopState>>,
    customer: Customer,
    Path(id): Path<String>,
    JsonBody(wanted): JsonBody<CheckOut>,
) -> CartAnswer {
    let mut store = shop.store();
    let cart = open_cart(&mut store, customer, &id)?;
    let Some(intent) = &cart.payment_intent else {
        return Err(ShopRefusal::out_of_order("payment_intent_missing", "create a payment intent first"));
    };
    if intent.id != wanted.payment_intent_id {
        return Err(ShopRefusal::invalid("this payment intent is not the cart's"));
    }
    let total_cents = intent.amount_cents;
    let order_id = store.add_order(customer.index, "paid", total_cents);
    open_cart(&mut store, customer, &id)?.order_id = Some(order_id);
    created(&json!({ "order_id": order_id, "status": "paid", "total_cents": total_cents }))
}
