"""The files that `--keep DIR` left, read by pyarrow (PyPI): the CSV, and every Arrow file of the series. CPU seconds.

    python3 -m venv venv && venv/bin/pip install pyarrow
    cargo run --release -- --files 1 --keep DIR && venv/bin/python peers.py DIR
"""

import pathlib
import sys
import time

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.ipc as ipc

pa.set_cpu_count(1)
pa.set_io_thread_count(1)
root = pathlib.Path(sys.argv[1])


def measure(name, work):
    start = time.process_time()
    rows = work()
    took = time.process_time() - start
    print(f"{name:<28} {rows} rows: {took:.2f} CPU s, {rows / took / 1e6:.1f} M rows per CPU s")


def read_csv(columns=None):
    # Prices as floats, as such programs keep them: less work than exact decimals.
    return csv.read_csv(root / "bars.csv", read_options=csv.ReadOptions(use_threads=False)).num_rows


def columns(mapped):
    rows = digest = 0
    for path in sorted((root / "archive/file/SYNTH/bars-1m").glob("*.arrow")):
        source = pa.memory_map(str(path)) if mapped else pa.OSFile(str(path))
        reader = ipc.open_file(source)
        for n in range(reader.num_record_batches):
            batch = reader.get_batch(n)
            rows += batch.num_rows
            digest += pc.sum(batch.column("close")).as_py()
    return rows


measure("pyarrow read_csv (floats)", read_csv)
measure("pyarrow Arrow, read", lambda: columns(False))
measure("pyarrow Arrow, mapped", lambda: columns(True))
