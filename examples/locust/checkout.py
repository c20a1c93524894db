"""Buyers: from an empty cart to an order, step by step.

Needs the environment variables TARGET_HOST, CHECKOUT_USER_EMAIL and CHECKOUT_USER_PASSWORD.
"""

import os

from locust import HttpUser, between, task

TIMEOUT = 15  # seconds; without one, a request may wait for ever


def required(name):
    value = os.environ.get(name, "").strip()
    if not value:
        raise RuntimeError(f"the environment variable {name} is not set; this script needs it")
    return value


HOST = required("TARGET_HOST")
EMAIL = required("CHECKOUT_USER_EMAIL")
PASSWORD = required("CHECKOUT_USER_PASSWORD")

ADDRESS = {
    "name": "Load Test",
    "street": "1 Example Street",
    "city": "Berlin",
    "postal_code": "10115",
    "country": "DE",
}


def succeeded(response):
    """Whether the answer is 2xx. Not `response.ok`: that raises when there was no answer at all."""
    return 200 <= response.status_code < 300


def json_of(response):
    """The answer as a dictionary; empty when it is something else."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


class Buyer(HttpUser):
    host = HOST
    wait_time = between(2, 5)

    def on_start(self):
        self.logged_in = False
        self.log_in()

    def log_in(self):
        """Logs in; true when it worked. The task tries again, so that one bad moment does not lose a user."""
        token = self.post(
            "/api/v1/auth/login",
            {"email": EMAIL, "password": PASSWORD},
            name="/api/v1/auth/login",
            expected="access_token",
        )
        if token:
            self.client.headers["Authorization"] = f"Bearer {token}"
            self.logged_in = True
        return self.logged_in

    def post(self, path, body, name, expected):
        """Sends a step; the expected field of the answer, or None when the step failed."""
        with self.client.post(path, json=body, name=name, timeout=TIMEOUT, catch_response=True) as response:
            value = json_of(response).get(expected) if succeeded(response) else None
            if succeeded(response) and not value:
                response.failure(f"the answer holds no {expected}")
        return value

    @task
    def check_out(self):
        # A step that fails ends the attempt: the next one would only fail because of it.
        if not self.logged_in and not self.log_in():
            return
        cart = self.post("/api/v1/carts", {"currency": "EUR"}, name="/api/v1/carts", expected="id")
        if not cart:
            return
        item = {"product_id": 4, "quantity": 2}
        if not self.post(f"/api/v1/carts/{cart}/items", item, name="/api/v1/carts/[id]/items", expected="items"):
            return
        if not self.post(
            f"/api/v1/carts/{cart}/shipping-address",
            ADDRESS,
            name="/api/v1/carts/[id]/shipping-address",
            expected="shipping_address",
        ):
            return
        intent = self.post(
            f"/api/v1/carts/{cart}/payment-intents",
            {"method": "card"},
            name="/api/v1/carts/[id]/payment-intents",
            expected="id",
        )
        if not intent:
            return
        self.post(
            f"/api/v1/carts/{cart}/checkout",
            {"payment_intent_id": intent},
            name="/api/v1/carts/[id]/checkout",
            expected="order_id",
        )
