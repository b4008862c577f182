"""Starts the exchange under test, makes accounts by its command line, and checks its ledger at the end.

The program is named by TRADEWIND_BIN. Every exchange gets a data directory of its own and a free port. Nothing but
loopback can be reached from a suite: a client that tries another host fails its test.
"""

import contextlib
import decimal
import faulthandler
import hashlib
import hmac
import ipaddress
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request

# A suite that hangs is a failure with a stack trace (seconds).
SUITE_SECONDS_MAX = int(os.environ.get("TRADEWIND_SUITE_SECONDS", "300"))
# How long one awaited thing may take (seconds): far above what it takes, far below the suite's limit.
WAIT_SECONDS_MAX = 20

Decimal = decimal.Decimal


def only_loopback():
    """Makes every other host unreachable for this process."""
    resolve = socket.getaddrinfo

    def guarded(host, *rest, **more):
        name = host.decode() if isinstance(host, bytes) else host
        if name not in (None, "localhost"):
            try:
                inside = ipaddress.ip_address(name).is_loopback
            except ValueError:
                inside = False
            if not inside:
                raise OSError(f"the suite may not reach {name}")
        return resolve(host, *rest, **more)

    socket.getaddrinfo = guarded


only_loopback()
faulthandler.dump_traceback_later(SUITE_SECONDS_MAX, exit=True)


class Account:
    """An account of the exchange, and requests signed for it without any client library."""

    def __init__(self, exchange, name, key, secret):
        self.exchange, self.name, self.key, self.secret = exchange, name, key, secret

    def signed(self, method, path, **params):
        """The JSON answer of a signed request; an error answer is returned like any other."""
        params = dict(params, timestamp=int(time.time() * 1000))
        query = urllib.parse.urlencode(params)
        signature = hmac.new(self.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        return self.exchange.request(method, f"{path}?{query}&signature={signature}", {"X-MBX-APIKEY": self.key})

    def balances(self):
        """Asset to (free, locked), exact."""
        answer = self.signed("GET", "/api/v3/account")
        return {b["asset"]: (Decimal(b["free"]), Decimal(b["locked"])) for b in answer["balances"]}

    def fills(self, symbol):
        """The account's trades of a market, as the exchange tells them."""
        return self.signed("GET", "/api/v3/myTrades", symbol=symbol, limit=1000)

    def rest(self, symbol, side, quantity, price):
        """Places a limit order and gives the answer."""
        return self.signed("POST", "/api/v3/order", symbol=symbol, side=side, type="LIMIT", timeInForce="GTC",
                           quantity=quantity, price=price)


class Exchange:
    """A running exchange. Use as a context manager: leaving it stops the server and verifies the ledger."""

    def __init__(self, *options):
        self.program = os.environ["TRADEWIND_BIN"]
        self.options = options
        self.folder = tempfile.TemporaryDirectory(prefix="tradewind-client-")
        self.data_dir = os.path.join(self.folder.name, "data")
        self.deposits = {}
        self.accounts = []

    def __enter__(self):
        command = [self.program, "serve", "--json", "--log", "warn", "--data-dir", self.data_dir,
                   "--exchange-addr", "127.0.0.1:0", "--api-addr", "127.0.0.1:0", *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server did not start (exit code {self.process.wait()})")
        self.ready = json.loads(line)
        addresses = self.ready["exchange"]
        self.http, self.ws = addresses["http"], addresses["ws"]
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                check("ledger of the running exchange", lambda: self.verify())
        finally:
            self.process.send_signal(signal.SIGINT)
            code = self.process.wait(timeout=WAIT_SECONDS_MAX)
            self.process.stdout.close()
        if kind is None:
            check("clean stop", lambda: equal(code, 0))
            check("ledger of the stopped exchange", lambda: self.verify())
        self.folder.cleanup()

    def command(self, *words):
        """Runs `tradewind exchange ...` and gives its JSON answer."""
        command = [self.program, "exchange", *words, "--json", "--data-dir", self.data_dir]
        done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_SECONDS_MAX * 3)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(words)} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def account(self, name, **funds):
        """A new account with money from outside."""
        words = [word for asset, amount in funds.items() for word in ("--fund", f"{asset}={amount}")]
        made = self.command("account", "create", name, *words)
        account = Account(self, name, made["api_key"], made["secret"])
        self.deposits[name] = {asset: Decimal(amount) for asset, amount in funds.items()}
        self.accounts.append(account)
        return account

    def verify(self):
        """Fails unless every invariant of the ledger holds and every account adds up from its own fills."""
        self.command("verify")
        if self.process.poll() is None:
            for account in self.accounts:
                self.check_account(account)

    def check_account(self, account):
        """Deposits plus what the fills brought, to the last decimal."""
        symbols = {s["symbol"]: s for s in self.get("/api/v3/exchangeInfo")["symbols"]}
        expected = dict(self.deposits[account.name])
        for name, symbol in symbols.items():
            base, quote = symbol["baseAsset"], symbol["quoteAsset"]
            for fill in account.fills(name):
                sign = 1 if fill["isBuyer"] else -1
                for asset, change in ((base, sign * Decimal(fill["qty"])), (quote, -sign * Decimal(fill["quoteQty"])),
                                      (fill["commissionAsset"], -Decimal(fill["commission"]))):
                    expected[asset] = expected.get(asset, Decimal(0)) + change
        found = {asset: sum(parts) for asset, parts in account.balances().items()}
        for asset, amount in expected.items():
            equal(found.get(asset, Decimal(0)), amount, f"{account.name} {asset}")

    def get(self, path, **params):
        """The JSON answer of a public request."""
        return self.request("GET", f"{path}?{urllib.parse.urlencode(params)}" if params else path, {})

    def request(self, method, path, headers):
        """The JSON answer, also of an error."""
        request = urllib.request.Request(self.http + path, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=WAIT_SECONDS_MAX) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)


class Inbox:
    """What a client's callbacks were given; waits for the message that is looked for."""

    def __init__(self):
        self.messages = queue.Queue()
        self.seen = []

    def put(self, *arguments):
        """A callback for libraries that pass the message last."""
        message = arguments[-1]
        self.messages.put(json.loads(message) if isinstance(message, str) else message)

    def until(self, wanted, what="a message"):
        """The first message, old or new, for which `wanted` is true."""
        for message in self.seen:
            if wanted(message):
                return message
        end = time.monotonic() + WAIT_SECONDS_MAX
        while True:
            try:
                message = self.messages.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{what} did not come; came: {self.seen[-5:]}") from None
            self.seen.append(message)
            if wanted(message):
                return message


def equal(found, expected, what="value"):
    """Fails unless both are equal."""
    if found != expected:
        raise AssertionError(f"{what}: {found!r} is not {expected!r}")


def true(condition, what):
    """Fails unless the condition holds."""
    if not condition:
        raise AssertionError(what)


@contextlib.contextmanager
def raises(kind, *texts):
    """Fails unless the block raises `kind` with each of the texts in it."""
    try:
        yield
    except kind as error:
        for text in texts:
            true(text in f"{error} {vars(error)}", f"{text!r} is not in {error!r}")
        return
    raise AssertionError(f"{kind.__name__} was not raised")


_counts = {"passed": 0, "failed": 0}


def check(name, body):
    """Runs one test and counts it."""
    started = time.monotonic()
    try:
        body()
    except Exception:  # pylint: disable=broad-except
        _counts["failed"] += 1
        print(f"FAILED {name}\n{traceback.format_exc()}", flush=True)
        return
    _counts["passed"] += 1
    print(f"ok     {name} ({time.monotonic() - started:.2f} s)", flush=True)


def finish(suite):
    """Prints the closing line and ends the process."""
    print(f"suite {suite}: {_counts['passed']} passed, {_counts['failed']} failed", flush=True)
    sys.stdout.flush()
    # Some clients keep threads that never end; the answer is known.
    os._exit(1 if _counts["failed"] else 0)


def in_thread(body):
    """Runs a function beside the test; daemons end with the process."""
    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    return thread
