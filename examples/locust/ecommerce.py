"""Visitors of a shop: health check, product list and log-in.

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


class Visitor(HttpUser):
    host = HOST
    wait_time = between(1, 3)

    @task(3)
    def health(self):
        self.client.get("/health", name="/health", timeout=TIMEOUT)

    @task(5)
    def products(self):
        with self.client.get(
            "/api/v1/products",
            params={"category": "electronics", "page": 1, "limit": 20},
            name="/api/v1/products",
            timeout=TIMEOUT,
            catch_response=True,
        ) as response:
            if succeeded(response) and '"products"' not in response.text:
                response.failure("the answer holds no products")

    @task(2)
    def log_in(self):
        with self.client.post(
            "/api/v1/auth/login",
            json={"email": EMAIL, "password": PASSWORD},
            name="/api/v1/auth/login",
            timeout=TIMEOUT,
            catch_response=True,
        ) as response:
            if succeeded(response) and '"access_token"' not in response.text:
                response.failure("the answer holds no access_token")
