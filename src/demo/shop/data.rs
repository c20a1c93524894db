//! What the shop remembers: products, carts and orders. Everything is bounded, so a long run does not fill memory.

use std::collections::{HashMap, VecDeque};

use fastrand::Rng;
use serde::{Deserialize, Serialize};

use super::account::ACCOUNTS;

/// Carts remembered; the oldest is forgotten beyond.
const MOST_CARTS: usize = 20_000;
/// Orders remembered of one account; the oldest is forgotten beyond.
const MOST_ORDERS: usize = 500;

/// The categories of the catalogue.
pub(super) const CATEGORIES: [&str; 4] = ["electronics", "books", "garden", "toys"];

#[derive(Debug, Clone, Serialize)]
pub(super) struct Product {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) category: &'static str,
    pub(super) price_cents: u64,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Item {
    pub(super) product_id: u64,
    pub(super) quantity: u64,
    pub(super) price_cents: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Address {
    pub(super) name: String,
    pub(super) street: String,
    pub(super) city: String,
    pub(super) postal_code: String,
    /// Two letters, ISO 3166-1.
    pub(super) country: String,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct PaymentIntent {
    pub(super) id: String,
    pub(super) amount_cents: u64,
    pub(super) method: String,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Cart {
    pub(super) id: String,
    #[serde(skip)]
    pub(super) owner: usize,
    pub(super) currency: String,
    pub(super) items: Vec<Item>,
    pub(super) shipping_address: Option<Address>,
    pub(super) payment_intent: Option<PaymentIntent>,
    pub(super) order_id: Option<u64>,
}

impl Cart {
    pub(super) fn total_cents(&self) -> u64 {
        self.items.iter().map(|item| item.price_cents.saturating_mul(item.quantity)).fold(0, u64::saturating_add)
    }
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Order {
    pub(super) id: u64,
    pub(super) status: &'static str,
    pub(super) total_cents: u64,
}

/// Everything the shop remembers.
#[derive(Debug)]
pub(super) struct ShopData {
    rng: Rng,
    products: Vec<Product>,
    carts: HashMap<String, Cart>,
    cart_age: VecDeque<String>,
    orders: Vec<VecDeque<Order>>,
    next_order: u64,
}

impl ShopData {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let products = (1..=240)
            .map(|id| {
                let category = CATEGORIES[id as usize % CATEGORIES.len()];
                Product { id, name: format!("{category} no. {id}"), category, price_cents: rng.u64(199..99_900) }
            })
            .collect();
        let mut store = Self {
            rng,
            products,
            carts: HashMap::new(),
            cart_age: VecDeque::new(),
            orders: vec![VecDeque::new(); ACCOUNTS.len()],
            next_order: 1_000,
        };
        for account in 0..ACCOUNTS.len() {
            for _ in 0..25 {
                let total_cents = store.rng.u64(500..50_000);
                let status = if store.rng.bool() { "shipped" } else { "paid" };
                store.add_order(account, status, total_cents);
            }
        }
        store
    }

    pub(super) fn products(&self) -> &[Product] {
        &self.products
    }

    pub(super) fn product(&self, id: u64) -> Option<&Product> {
        self.products.iter().find(|product| product.id == id)
    }

    /// A new id as browsers show it: a random UUID (RFC 9562, version 4).
    pub(super) fn new_id(&mut self) -> String {
        let bits = self.rng.u128(..) & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
        let hex = format!("{bits:032x}");
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }

    pub(super) fn add_cart(&mut self, owner: usize, currency: String) -> &Cart {
        if self.cart_age.len() >= MOST_CARTS
            && let Some(oldest) = self.cart_age.pop_front()
        {
            self.carts.remove(&oldest);
        }
        let id = self.new_id();
        self.cart_age.push_back(id.clone());
        self.carts.entry(id.clone()).or_insert(Cart {
            id,
            owner,
            currency,
            items: Vec::new(),
            shipping_address: None,
            payment_intent: None,
            order_id: None,
        })
    }

    /// The cart of this id, if it is this account's.
    pub(super) fn cart(&mut self, owner: usize, id: &str) -> Option<&mut Cart> {
        self.carts.get_mut(id).filter(|cart| cart.owner == owner)
    }

    pub(super) fn add_order(&mut self, owner: usize, status: &'static str, total_cents: u64) -> u64 {
        self.next_order += 1;
        let orders = &mut self.orders[owner];
        if orders.len() >= MOST_ORDERS {
            orders.pop_back();
        }
        orders.push_front(Order { id: self.next_order, status, total_cents });
        self.next_order
    }

    /// The orders of an account with this status (`all` for any), newest first.
    pub(super) fn orders_of(&self, owner: usize, status: &str) -> Vec<Order> {
        self.orders[owner].iter().filter(|order| status == "all" || order.status == status).cloned().collect()
    }

    pub(super) fn order(&self, owner: usize, id: u64) -> Option<&Order> {
        self.orders[owner].iter().find(|order| order.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded_and_private() {
        let mut store = ShopData::new(1);
        let first = store.add_cart(0, "EUR".into()).id.clone();
        assert!(store.cart(0, &first).is_some());
        assert!(store.cart(1, &first).is_none(), "another account's cart");
        for _ in 0..MOST_CARTS {
            store.add_cart(0, "EUR".into());
        }
        assert!(store.cart(0, &first).is_none(), "the oldest is forgotten");
        assert_eq!(store.carts.len(), MOST_CARTS);
        for _ in 0..MOST_ORDERS {
            store.add_order(2, "paid", 1);
        }
        assert_eq!(store.orders_of(2, "all").len(), MOST_ORDERS);
    }

    #[test]
    fn ids_are_uuids() {
        let id = ShopData::new(1).new_id();
        assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{id}");
        assert_eq!(&id[14..15], "4", "{id}");
        assert!("89ab".contains(&id[19..20]), "{id}");
    }
}
