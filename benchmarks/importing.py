"""Import 1,000,000 rows into a fresh SQLite, then the same file again; prints seconds and memory.

python -m benchmarks.importing [ROWS]
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from hsl import database
from hsl.audience import importer

ROWS = 1_000_000


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        duckdb.sql(
            f"""COPY (SELECT 700000000 + i AS user_id,
                CASE WHEN i % 7 > 0 THEN 'user_' || i END AS username,
                ['Anna', 'Борис', 'Вера', 'Daniel'][1 + i % 4] AS first_name,
                ['Ivanova', 'Петров'][1 + i % 2] AS last_name,
                ['ru', 'en', 'es'][1 + i % 3] AS language_code,
                DATE '2024-01-01' + CAST(i % 900 AS INT) AS registered_at,
                ['3rd_stream', '4th_stream', '5th_stream'][1 + i % 3] AS stream,
                'active' AS status, 'City ' || (i % 50) AS city, i % 10 AS level
            FROM range({rows}) AS r(i)) TO '{path}' (HEADER)"""
        )
        engine = database.open_engine(f"sqlite:///{folder}/hsl.db")
        database.migrate(engine)
        took = []
        for _ in range(2):
            began = time.perf_counter()
            report = importer.import_file(engine, path, actor="benchmark", rejects_dir=Path(folder))
            took.append(time.perf_counter() - began)
            print(f"{took[-1]:6.1f} s  {report}")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"peak memory {peak:.2f} GiB; the second took {took[1] / took[0]:.2f} of the first")


if __name__ == "__main__":
    main()
