"""The platform's API under generated requests: no server error, nobody sees or changes what is somebody else's.

Alice (a trader) sends requests made from the API's description, half of them about things of bob's; then an administrator
does. `TRADEWIND_API_CASES` says how many requests at least (default 3,000), `TRADEWIND_API_SEED` which ("random" for ones
never made before; the report says which they were).
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

# The rules of the limits are tested elsewhere; here they would hide what is behind them.
os.environ["TRADEWIND__LIMITS__ENABLED"] = "false"
os.environ["TRADEWIND__MONITORING__LOOPBACK"] = "false"

from tradewind import SUITE_SECONDS_MAX, WAIT_SECONDS_MAX, Exchange, check, equal, finish, true  # noqa: E402

# The same requests every time, so that a run says something of the program and not of the dice; others with another seed.
SEED = os.environ.get("TRADEWIND_API_SEED", "20261126")
CASES_MIN = int(os.environ.get("TRADEWIND_API_CASES", "3000"))
PASSWORD = "correct horse battery"
# What would end alice's own login, lock her out, or stop her trading: the rest would be refused.
NOT_ASKED = r"/auth/|/api/me/password|/api/setup|/api/halt|/api/ws"
# Administrators only, asked by the administrator.
ADMINISTRATION = r"^/api/(users|logs|audit|monitoring|settings)|^/metrics"


class Platform:
    """Requests to the platform of a running server."""

    def __init__(self, address):
        self.address = address

    def ask(self, method, path, token=None, body=None):
        """The JSON answer; an error is an error."""
        head = {"content-type": "application/json"}
        if token:
            head["authorization"] = "Bearer " + token
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, method=method, headers=head, data=data)
        try:
            with urllib.request.urlopen(request, timeout=WAIT_SECONDS_MAX) as answer:
                text = answer.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read()[:300]}") from None

    def login(self, name):
        """A token."""
        return self.ask("POST", "/api/auth/login", None, {"username": name, "password": PASSWORD})["token"]


def belongings(platform, name, token):
    """Makes one of everything for somebody; their ids by kind."""
    def make(path, **body):
        return platform.ask("POST", path, token, body)

    order = {"symbol": "BTCUSDT", "side": "buy", "quantity": "0.01"}
    orders = [make("/api/orders", **order, order_type="market"),
              make("/api/orders", **order, order_type="limit", price="20000")]
    bot = make("/api/bots", name=f"{name} bot", strategy="ema-cross", funds={"USDT": "1000"},
               markets=[{"symbol": "BTCUSDT", "interval": "1m"}])
    test = make("/api/backtests", strategy="ema-cross", symbols=["BTCUSDT"], interval="1m")
    sweep = make("/api/sweeps", strategy="ema-cross", symbol="BTCUSDT", interval="1m", grid={"fast": "2..3"})
    key = make("/api/keys", label="reader", scopes=["read"])
    model = make("/api/ml/models", name=f"{name} model", train=False, algorithm="arima", symbols=["BTCUSDT"], interval="1m")
    venue_key = make("/api/venue-keys", venue="binance", label=f"{name} venue", key=f"abcdefgh{name}", secret="abcdefghijkl")

    def ids(path):
        return [one["id"] for one in platform.ask("GET", path, token)]

    return {"order": [one["id"] for one in orders], "bot": [bot["id"]], "backtest": [test["id"]], "sweep": [sweep["id"]],
            "job": [test["job"], sweep["job"]], "model": [model["id"]], "key": [key["id"], venue_key["id"]], "account": ids("/api/accounts"),
            "trade": ids("/api/trades"), "session": ids("/api/sessions")}


# What of somebody's is compared before and after; what changes by itself (prices, progress) is left out.
COMPARED = {
    "/api/orders": ("id", "status", "quantity"), "/api/bots": ("id", "name", "status"), "/api/keys": ("id", "label", "revoked_at"),
    "/api/venue-keys": ("id", "label"), "/api/accounts": ("id", "name", "halted_at"), "/api/backtests": ("id", "name"),
    "/api/sweeps": ("id",), "/api/ml/models": ("id", "name"), "/api/trades": ("id", "quantity"), "/api/settings": None,
}


def possessions(platform, token):
    """Everything somebody has, as far as others could spoil it."""
    seen = {}
    for path, fields in COMPARED.items():
        answer = platform.ask("GET", path, token)
        seen[path] = answer if fields is None else [[one.get(field) for field in fields] for one in answer]
    return seen


def told(report):
    """What failed, in the first lines of a report that holds whole source files of others, and how it ended."""
    begun = re.search(r"=+ (ERRORS|FAILURES) =+", report)
    lines = [line[:400] for line in report[begun.start() if begun else 0:].splitlines()]
    return "\n".join(lines[:120] + ["…"] + lines[-40:] if len(lines) > 160 else lines) + "\n"


def generated(address, asker, known, selection, examples):
    """Runs schemathesis; how many requests it made. Its report is shown when something failed."""
    with tempfile.TemporaryDirectory(prefix="tradewind-schemathesis-") as folder:
        path = pathlib.Path(folder, "known.json")
        path.write_text(json.dumps(known), encoding="utf-8")
        environment = dict(os.environ, API=address, ASKER=asker, KNOWN=str(path), SCHEMATHESIS_HOOKS="hooks",
                           PYTHONPATH=str(HERE), PYTHONDONTWRITEBYTECODE="1")
        seed = [] if SEED == "random" else ["--seed", SEED]
        command = [str(pathlib.Path(sys.executable).parent / "schemathesis"), "run", address + "/api/openapi.json",
                   "--url", address, "--phases", "examples,coverage,fuzzing", "--max-examples", str(examples), "--checks",
                   "not_a_server_error,nothing_of_others", *selection, *seed, "--request-timeout", "30",
                   "--continue-on-failure", "--no-color", "--generation-database", "none",
                   # One worker: hypothesis parses source texts, which CPython 3.11 cannot do in two threads at once
                   # ("AST constructor recursion depth mismatch", python/cpython#106905). How long it takes to make up a
                   # request says nothing of the platform.
                   "--workers", "1", "--suppress-health-check", "all"]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True,
                              timeout=SUITE_SECONDS_MAX)
    counted = re.search(r"([\d,]+) generated", done.stdout)
    if done.returncode != 0 or not counted:
        raise AssertionError(f"schemathesis ended with {done.returncode}:\n{told(done.stdout)}{done.stderr[-2_000:]}")
    count = int(counted.group(1).replace(",", ""))
    print(f"       {asker}: {count} requests", flush=True)
    return count


def main():
    """Prepares two users and an administrator, then lets the requests loose."""
    with Exchange() as exchange:
        platform = Platform(exchange.ready["api"]["http"])
        setup = {"code": exchange.ready["api"]["setup_code"], "username": "root", "password": PASSWORD}
        root = platform.ask("POST", "/api/setup", None, setup)["token"]
        tokens, known = {}, {"password": PASSWORD, "sees_everything": "root", "ids": {"root": {}}, "names": {}}
        for name in ("alice", "bob"):
            user = platform.ask("POST", "/api/users", root, {"username": name, "password": PASSWORD, "role": "trader",
                                                             "email": f"{name}@example.org"})
            tokens[name] = platform.login(name)
            known["ids"][name] = {"user": [user["id"]], **belongings(platform, name, tokens[name])}
            known["names"][name] = [f"{name}@example.org", f"{name} bot", f"{name} venue", f"{name} model"]
        # Her own login must not be ended by herself, nor her own user be changed.
        known["ids"]["alice"].pop("session")
        before = possessions(platform, tokens["bob"])
        counts = []
        # Beside these come about 25 of each operation that cover every constraint of the description once.
        examples = max(2, round(CASES_MIN / 110))

        def alice():
            counts.append(generated(platform.address, "alice", known, ["--exclude-path-regex", NOT_ASKED], examples))

        def administrator():
            # Alice and bob may be changed by now; the administrator may not lock herself out.
            # A profile takes as long as it is asked to, up to a minute; `profiling.rs` asks for it at its bounds.
            selection = ["--include-path-regex", ADMINISTRATION, "--exclude-path", "/api/monitoring/profile"]
            counts.append(generated(platform.address, "root", known, selection, max(2, examples // 2)))

        check("no request of alice fails on our side or shows what is bob's", alice)
        check("bob has what he had", lambda: equal(possessions(platform, platform.login("bob")), before))
        check("no request of an administrator fails on our side", administrator)
        check("enough requests were made", lambda: true(sum(counts) >= CASES_MIN, f"{counts} are fewer than {CASES_MIN}"))
        check("the server is ready", lambda: equal(platform.ask("GET", "/ready")["ready"], True))


main()
finish("schemathesis")
