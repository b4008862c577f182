"""Starts the platform under test with one administrator, for suites of its own clients."""

import json
import urllib.request

from tradewind import WAIT_SECONDS_MAX, Exchange

PASSWORD = "correct horse battery"
USERNAME = "root"


class Platform(Exchange):
    """A running platform and the token of its administrator."""

    def __enter__(self):
        super().__enter__()
        self.api = self.ready["api"]["http"]
        body = {"code": self.ready["api"]["setup_code"], "username": USERNAME, "password": PASSWORD}
        self.token = self.ask("POST", "/api/setup", body)["token"]
        return self

    def ask(self, method, path, body=None):
        """The JSON answer; anything but success is an error."""
        headers = {"Content-Type": "application/json"}
        if getattr(self, "token", None):
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.api + path, method=method, headers=headers, data=data)
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS_MAX) as answer:
            return json.load(answer)

    def order(self, quantity):
        """Buys at the market."""
        order = {"symbol": "BTCUSDT", "side": "buy", "quantity": quantity, "order_type": "market"}
        return self.ask("POST", "/api/orders", order)
