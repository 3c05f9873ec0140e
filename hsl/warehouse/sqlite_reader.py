"""Reading SQLite in a process of its own: `python -m hsl.warehouse.sqlite_reader FILE`.

It takes statements on its standard input, one line of JSON each, and answers with one Arrow stream
each on its standard output, all in one transaction that only reads.
"""

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import pyarrow as pa

from hsl.warehouse.errors import StoreError

# What stands for a value that is not there, as every value must be of its column's type.
MISSING = "\x01"
MISSING_NUMBER = -(2**63) + 1
ROWS_AT_ONCE = 16_384
PATIENCE = 10.0  # seconds that it may take to end


class Reader:
    """The other side: starts the process and asks it. A context manager."""

    def __init__(self, file: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hsl.warehouse.sqlite_reader", file],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=Path(__file__).parent.parent.parent,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        process = self._process
        if process.stdin is not None and not process.stdin.closed:
            process.stdin.close()
        if fault is not None:
            process.kill()  # it may wait for somebody to take its rows
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        process.wait(PATIENCE)

    def read(self, sql: str) -> pa.RecordBatchReader:
        """The rows of a statement; to be read to the end before the next one. Raises StoreError."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(json.dumps(sql).encode() + b"\n")
            stdin.flush()
            return pa.ipc.open_stream(stdout)
        except (OSError, pa.ArrowInvalid) as fault:
            raise StoreError(self._last_words()) from fault

    def _last_words(self) -> str:
        self._process.kill()
        words = self._process.stderr.read().decode(errors="replace") if self._process.stderr else ""
        last = words.strip().splitlines()[-1] if words.strip() else "it ended without a word"
        return f"The process that reads SQLite ended: {last}. Try again."


def main() -> None:
    """Answer until the input ends."""
    # Nobody else in this process has SQLite open.
    import adbc_driver_sqlite.dbapi

    address = f"file:{quote(str(Path(sys.argv[1]).resolve()))}?mode=ro"
    with adbc_driver_sqlite.dbapi.connect(address) as connection:
        for line in sys.stdin:
            try:
                _answer(connection, json.loads(line))
            except BrokenPipeError:
                return  # nobody wants it any more
            except adbc_driver_sqlite.dbapi.Error as fault:
                sys.stderr.write(" ".join(str(fault).split()))
                sys.exit(1)


def _answer(connection: Any, sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(ROWS_AT_ONCE)})
        cursor.execute(sql)
        rows = cursor.fetch_record_batch()
        with pa.ipc.new_stream(sys.stdout.buffer, rows.schema) as stream:
            for batch in rows:
                stream.write_batch(batch)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
