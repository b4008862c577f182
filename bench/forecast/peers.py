"""The peers of this measurement on the same problems: statsmodels, prophet and torch, one thread, CPU seconds.

    python peers.py FOLDER          (pip install statsmodels prophet torch)

Prints one JSON object a line: {"kind", "id", "cpu_s", "value"}; value is the log-likelihood, or the last loss. The bench runs
it itself when it is given a Python: `cargo run --release -- FOLDER --peers PYTHON`.
"""
import json
import logging
import os
import resource
import statistics
import sys
import time
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

import numpy as np
import pandas as pd

ROUNDS = 5


def cpu():
    """CPU seconds of this process and of its ended children (prophet's fits run in one)."""
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + child.ru_utime + child.ru_stime


def tell(kind, id, times, value):
    print(json.dumps({"kind": kind, "id": id, "cpu_s": statistics.median(times), "value": value}), flush=True)


def timed(work, rounds=ROUNDS):
    times, value = [], None
    work()  # the first call imports and compiles
    for _ in range(rounds):
        start = cpu()
        value = work()
        times.append(cpu() - start)
    return times, value


def series(folder, case):
    values = pd.read_csv(f"{folder}/data/{case['data']}.csv")[case["col"]].to_numpy(dtype=float)
    values = values[: case.get("n", len(values))]
    values = np.log(values) if case.get("log") else values
    return values * case.get("scale", 1.0)


def arima(folder):
    from statsmodels.tsa.arima.model import ARIMA

    for case in json.load(open(f"{folder}/arima_statsmodels.json")):
        y = series(folder, case)
        order, seasonal = tuple(case["order"]), tuple(case.get("seasonal", (0, 0, 0, 0)))

        def work():
            return float(ARIMA(y, order=order, seasonal_order=seasonal, trend=case.get("trend", "n")).fit().llf)

        tell("arima", case["id"], *timed(work))


def prophet(folder):
    from prophet import Prophet

    for case in json.load(open(f"{folder}/prophet_python.json")):
        options = case.get("opts", {})
        if options.get("growth") == "logistic":
            continue
        table = pd.read_csv(f"{folder}/data/{case['data']}.csv")
        y = table["y" if "y" in table else "close"].to_numpy(dtype=float)
        first = table.iloc[:, 0]
        ds = pd.to_datetime(first, unit="ms") if first.dtype.kind in "iuf" else pd.to_datetime(first)
        data = pd.DataFrame({"ds": ds.dt.normalize(), "y": np.log(y) if case.get("log") else y})

        def work():
            Prophet(**options).fit(data, seed=100)

        tell("prophet", case["id"], timed(work)[0], None)


def lstm(folder):
    import torch

    torch.set_num_threads(1)
    t = pd.read_csv(f"{folder}/data/ethbtc_5m.csv").to_numpy(dtype=float)
    a, b = t[:-1], t[1:]
    f = np.stack(
        [
            np.log(b[:, 4] / a[:, 4]),
            np.log(b[:, 2] / b[:, 3]),
            np.log(b[:, 4] / b[:, 1]),
            np.log1p(b[:, 5]) - np.log1p(a[:, 5]),
        ],
        axis=1,
    )
    n, window, epochs, batch = 5000, 60, 20, 32
    seen = f[: n + window - 1]
    f = ((f - seen.mean(0)) / seen.std(0)).astype(np.float32)
    x = torch.from_numpy(np.stack([f[i : i + window] for i in range(n)]))
    y = torch.from_numpy(f[window : window + n, 0].copy())
    for layers, hidden in ((1, 32), (1, 64), (2, 32)):
        torch.manual_seed(7)
        net, head = torch.nn.LSTM(4, hidden, layers, batch_first=True), torch.nn.Linear(hidden, 1)
        adam = torch.optim.Adam([*net.parameters(), *head.parameters()], lr=1e-3)
        start, loss = cpu(), 0.0
        for _ in range(epochs):
            total = 0.0
            for at in range(0, n, batch):
                adam.zero_grad()
                out = head(net(x[at : at + batch])[0][:, -1]).squeeze(1)
                step = torch.nn.functional.mse_loss(out, y[at : at + batch])
                step.backward()
                adam.step()
                total += float(step.detach()) * len(out)
            loss = total / n
        tell("lstm", f"{layers}x{hidden}", [cpu() - start], loss)


if __name__ == "__main__":
    for part in (arima, prophet, lstm):
        try:
            part(sys.argv[1])
        except ImportError as missing:
            print(f"{part.__name__}: {missing}", file=sys.stderr)
