"""Analysts: uploading customers as CSV and generating reports.

Needs the environment variables TARGET_HOST, REPORT_USER_EMAIL and REPORT_USER_PASSWORD.
"""

import os

from locust import HttpUser, between, task

TIMEOUT = 30  # seconds; without one, a request may wait for ever


def required(name):
    value = os.environ.get(name, "").strip()
    if not value:
        raise RuntimeError(f"the environment variable {name} is not set; this script needs it")
    return value


HOST = required("TARGET_HOST")
EMAIL = required("REPORT_USER_EMAIL")
PASSWORD = required("REPORT_USER_PASSWORD")

ROWS = 50
CUSTOMERS = "email,name,country\n" + "".join(f"customer{n}@load.example,Customer {n},DE\n" for n in range(ROWS))


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


class Analyst(HttpUser):
    host = HOST
    wait_time = between(3, 6)

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

    @task(2)
    def import_customers(self):
        if not self.logged_in and not self.log_in():
            return
        with self.client.post(
            "/api/v1/imports/customers",
            files={"file": ("customers.csv", CUSTOMERS, "text/csv")},
            name="/api/v1/imports/customers",
            timeout=TIMEOUT,
            catch_response=True,
        ) as response:
            if succeeded(response) and json_of(response).get("imported") != ROWS:
                response.failure("not every row was imported")

    @task(1)
    def generate_report(self):
        if not self.logged_in and not self.log_in():
            return
        report = {
            "type": "sales",
            "date_from": "2026-01-01",
            "date_to": "2026-03-31",
            "filters": {"category": "electronics", "region": "eu"},
        }
        with self.client.post(
            "/api/v1/reports/generate",
            json=report,
            name="/api/v1/reports/generate",
            timeout=TIMEOUT,
            catch_response=True,
        ) as response:
            if succeeded(response) and json_of(response).get("status") != "ready":
                response.failure("the report is not ready")
