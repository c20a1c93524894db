"""A first load test. Run it on this machine with:

    TARGET_HOST=http://localhost:8080 loadforge-ci run --engine local --duration 1m
"""

import os

from locust import HttpUser, between, task


class Visitor(HttpUser):
    host = os.environ.get("TARGET_HOST")
    wait_time = between(1, 3)

    @task
    def home(self):
        with self.client.get("/", name="/", timeout=10, catch_response=True) as response:
            if response.status_code >= 400:
                response.failure(f"status {response.status_code}")

    @task
    def health(self):
        with self.client.get("/health", name="/health", timeout=10, catch_response=True) as response:
            if response.status_code != 200:
                response.failure(f"status {response.status_code}")
