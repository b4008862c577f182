"""Locust: 100 users, 10 more a second, status, positions and orders as 3 : 2 : 1.

    locust -f load-tests/locustfile.py --host http://127.0.0.1:8080 --users 100 --spawn-rate 10 --run-time 5m --headless

TRADEWIND_USERNAME and TRADEWIND_PASSWORD name the user that all of them log in as. The orders are market orders of 0.00001 BTC
on the built-in test account.
"""

import os

from locust import HttpUser, between, task

USERNAME = os.environ.get("TRADEWIND_USERNAME", "root")
PASSWORD = os.environ.get("TRADEWIND_PASSWORD", "")


class Trader(HttpUser):
    """Somebody with the dashboard open who trades now and then."""

    # A hundred of them ask 50 times a second and place eight orders: what the limits let one user do.
    wait_time = between(1.5, 2.5)

    def on_start(self):
        answer = self.client.post("/api/auth/login", json={"username": USERNAME, "password": PASSWORD})
        answer.raise_for_status()
        self.client.headers["Authorization"] = f"Bearer {answer.json()['token']}"

    @task(3)
    def status(self):
        self.client.get("/api/status")

    @task(2)
    def positions(self):
        self.client.get("/api/positions")

    @task(1)
    def order(self):
        order = {"symbol": "BTCUSDT", "side": "buy", "quantity": "0.00001", "order_type": "market"}
        with self.client.post("/api/orders", json=order, catch_response=True) as answer:
            # 422: the account's money is used up, which is an answer.
            if answer.status_code in (201, 422):
                answer.success()
