"""Customers who are logged in: profile, orders and new carts.

Needs the environment variables TARGET_HOST, TEST_USER_EMAIL and TEST_USER_PASSWORD.
"""

import os

from locust import HttpUser, between, task

TIMEOUT = 10  # seconds; without one, a request may wait for ever


def required(name):
    value = os.environ.get(name, "").strip()
    if not value:
        raise RuntimeError(f"the environment variable {name} is not set; this script needs it")
    return value


HOST = required("TARGET_HOST")
EMAIL = required("TEST_USER_EMAIL")
PASSWORD = required("TEST_USER_PASSWORD")


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


class Customer(HttpUser):
    host = HOST
    wait_time = between(1, 2)

    def on_start(self):
        self.logged_in = False
        self.log_in()

    def log_in(self):
        """Logs in; true when it worked. A task tries again, so that one bad moment does not lose a user."""
        with self.client.post(
            "/api/v1/auth/login",
            json={"email": EMAIL, "password": PASSWORD},
            name="/api/v1/auth/login",
            timeout=TIMEOUT,
            catch_response=True,
        ) as response:
            token = json_of(response).get("access_token")
            if token:
                self.client.headers["Authorization"] = f"Bearer {token}"
                self.logged_in = True
            elif succeeded(response):
                response.failure("the answer holds no access_token")
        return self.logged_in

    @task(4)
    def profile(self):
        if self.logged_in or self.log_in():
            self.client.get("/api/v1/account/profile", name="/api/v1/account/profile", timeout=TIMEOUT)

    @task(3)
    def orders(self):
        if self.logged_in or self.log_in():
            self.client.get(
                "/api/v1/orders",
                params={"status": "all", "page": 1, "limit": 10},
                name="/api/v1/orders",
                timeout=TIMEOUT,
            )

    @task(2)
    def new_cart(self):
        if self.logged_in or self.log_in():
            self.client.post("/api/v1/carts", json={"currency": "EUR"}, name="/api/v1/carts", timeout=TIMEOUT)
