"""load-tests/locustfile.py with Locust against a running server: 100 users, 10 more a second, for a short while; every request must succeed."""

import csv
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
sys.path.insert(0, str(HERE.parent))

from tradewind import check, equal, finish, true  # noqa: E402
from tradewind_platform import PASSWORD, USERNAME, Platform  # noqa: E402

SECONDS = 30


def run(server, folder):
    """The rows of Locust's own statistics, by name."""
    prefix = os.path.join(folder, "locust")
    command = [
        sys.executable, "-m", "locust", "--locustfile", str(ROOT / "load-tests" / "locustfile.py"), "--host", server.api,
        "--headless", "--users", "100", "--spawn-rate", "10", "--run-time", f"{SECONDS}s", "--csv", prefix,
        "--only-summary", "--exit-code-on-error", "1",
    ]
    settings = dict(os.environ, TRADEWIND_USERNAME=USERNAME, TRADEWIND_PASSWORD=PASSWORD)
    done = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=SECONDS * 6)
    print(done.stdout, done.stderr, flush=True)
    with open(f"{prefix}_stats.csv", encoding="utf-8") as file:
        rows = {row["Name"]: row for row in csv.DictReader(file)}
    return done.returncode, rows


with Platform("--participants-speed", "1", "--durability", "buffered") as running, tempfile.TemporaryDirectory() as folder:
    code, rows = run(running, folder)
    count = {name: int(row["Request Count"]) for name, row in rows.items()}
    check("no request failed", lambda: equal((code, int(rows["Aggregated"]["Failure Count"])), (0, 0)))
    check("all hundred logged in", lambda: equal(count["/api/auth/login"], 100))
    check("orders were placed", lambda: true(count["/api/orders"] > 20, count))
    check(
        "status, positions and orders are about 3 : 2 : 1",
        lambda: true(count["/api/status"] > count["/api/positions"] > count["/api/orders"], count),
    )
finish("locust")
