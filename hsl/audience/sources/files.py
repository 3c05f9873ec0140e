"""Files of people that appear again and again: a path, a folder, a pattern, or a web address."""

import http.client
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPMessage
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import Request

from hsl import public_web
from hsl.audience.formats import MOST_BYTES
from hsl.audience.sources import addresses, watching
from hsl.audience.sources.errors import SourceError
from hsl.words import _

KINDS = (".csv", ".tsv", ".txt", ".parquet", ".jsonl", ".ndjson", ".xlsx")
IN_LINES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson")
OF_TYPE = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/vnd.apache.parquet": ".parquet",
    "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl",
}
PATIENCE = 600.0  # seconds for the whole of a file
SILENCE = 30.0  # seconds without a byte
BLOCK = 1 << 20  # bytes
BEGINNING = 1 << 18  # bytes by which the kinds of columns are told
SETTLED = 2.0  # seconds since a file was last written to, after which it is taken for whole
SETTLING = 60.0  # seconds that are waited for that
LOOK = 0.2  # seconds between two looks
ENDED_BY_LINE = (".csv", ".tsv", ".txt")


@dataclass(frozen=True)
class Written:
    """A file as it was before it was read."""

    path: Path
    size: int  # bytes
    changed: int  # nanoseconds


def local(address: addresses.Address, *, newest: bool) -> list[Path]:
    """The files of a path or pattern, the oldest first; only the newest one where that is asked.

    A folder stands for all files in it that can be read. Raises SourceError where there is none.
    """
    if address.shown != address.used:
        raise SourceError(
            _(
                "{shown} holds no web address. A path or pattern is written as it is.",
                shown=address.shown,
            )
        )
    path = Path(address.used).expanduser()
    if path.is_dir():
        found = [file for file in path.iterdir() if file.suffix.lower() in KINDS]
    elif path.is_file():
        found = [path]
    else:
        root = Path(path.anchor or ".")
        found = list(root.glob(str(path.relative_to(path.anchor)))) if path.name else []
    files = sorted(
        (file for file in found if file.is_file() and not file.name.startswith(".")),
        key=lambda file: (file.stat().st_mtime, file.name),
    )
    if not files:
        raise SourceError(
            _(
                "{shown} names no file of people now. Check the folder and pattern.",
                shown=address.shown,
            )
        )
    return files[-1:] if newest else files


def whole(paths: Sequence[Path], tell: Callable[[str], None]) -> list[Written]:
    """These files once nobody writes to them any more. Raises SourceError for half a file."""
    deadline = time.monotonic() + SETTLING
    while fresh := [p for p in paths if abs(time.time() - p.stat().st_mtime) < SETTLED]:
        if time.monotonic() > deadline:
            raise SourceError(
                _(
                    "{name} is still being written to. Write it under another name, and rename it "
                    "when it is whole.",
                    name=fresh[0].name,
                )
            )
        tell(_("waiting for {name} to be whole", name=fresh[0].name))
        time.sleep(LOOK)
    for path in paths:
        _require_last_line(path)
    return [_written(path) for path in paths]


def refuse_changed(before: Sequence[Written]) -> None:
    """Raise SourceError where a file changed since then: what was read may be half of it."""
    for file in before:
        if not file.path.is_file() or _written(file.path) != file:
            raise SourceError(
                _(
                    "{name} changed while it was read, so nothing was changed here. Run it again.",
                    name=file.path.name,
                )
            )


def _written(path: Path) -> Written:
    found = path.stat()
    return Written(path, found.st_size, found.st_mtime_ns)


def _require_last_line(path: Path) -> None:
    """A number that is cut off is another person's: a file of lines has to end with one's end."""
    if path.suffix.lower() not in ENDED_BY_LINE or not path.stat().st_size:
        return
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        if file.read(1) not in {b"\n", b"\r"}:
            raise SourceError(
                _(
                    "{name} ends within a line, so that it may be half of a file. End its last "
                    "line.",
                    name=path.name,
                )
            )


def download(
    address: addresses.Address,
    folder: Path,
    *,
    allow_private: bool,
    most_bytes: int = MOST_BYTES,
    patience: float = PATIENCE,
    most_rows: int | None = None,
    tell: Callable[[int], None] = lambda _bytes: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Path:
    """The file behind an http(s) address, written to `folder`; its name tells its kind.

    Where `most_rows` are enough and it has a row in a line, no more than its beginning is read.
    Once `stopped` is true, or its patience (seconds) is over, the connection is given up.
    Raises SourceError, also for an address on a private network unless that is allowed.
    """
    deadline = time.monotonic() + patience
    request = Request(address.used, headers={"User-Agent": "hsl-dashboard", "Accept": "*/*"})
    try:
        with (
            watching.until(deadline, stopped) as watch,
            public_web.opener(None if allow_private else _refuse_private, watch.over).open(
                request, timeout=SILENCE
            ) as answer,
        ):
            target = folder / _file_name(answer.geturl(), answer.headers)
            rows = most_rows if target.suffix in IN_LINES else None
            _save(answer, target, address.shown, most_bytes, deadline, rows, tell)
    except SourceError:
        raise
    except HTTPError as error:
        raise SourceError(
            _(
                "{shown} answers with status {code}. Check the address.",
                shown=address.shown,
                code=error.code,
            )
        ) from None
    except (http.client.InvalidURL, ValueError):
        # Its words hold the address, or the one that it was sent on to.
        raise SourceError(
            _("{shown} is no web address that can be read.", shown=address.shown)
        ) from None
    except (URLError, OSError, http.client.HTTPException) as error:
        if time.monotonic() > deadline:
            raise _too_slow(address.shown) from None
        said = address.scrubbed(str(getattr(error, "reason", None) or error))
        raise SourceError(
            _("{shown} cannot be read: {said}.", shown=address.shown, said=said)
        ) from None
    return target


def _save(
    answer: Any,
    target: Path,
    shown: str,
    most_bytes: int,
    deadline: float,
    most_rows: int | None,
    tell: Callable[[int], None],
) -> None:
    promised = answer.headers.get("Content-Length")
    got = lines = 0
    with target.open("wb") as file:
        while block := answer.read1(BLOCK):
            got += len(block)
            if got > most_bytes:
                raise SourceError(
                    _(
                        "{shown} is larger than {most} MiB.",
                        shown=shown,
                        most=most_bytes // 2**20,
                    )
                )
            if time.monotonic() > deadline:
                raise _too_slow(shown)
            file.write(block)
            tell(got)
            lines += block.count(b"\n")
            if most_rows is not None and got >= BEGINNING and lines > most_rows:
                break
    if most_rows is not None and got >= BEGINNING and lines > most_rows:
        _end_with_a_row(target)
        return
    if time.monotonic() > deadline:
        raise _too_slow(shown)
    if promised is not None and promised.isdigit() and got < int(promised):
        raise SourceError(
            _(
                "{shown} broke off after {got} of {int} bytes.",
                shown=shown,
                got=got,
                int=int(promised),
            )
        )


def _end_with_a_row(target: Path) -> None:
    """Cut a broken row off the end: a line's end within quotes is not a row's."""
    read = target.read_bytes()
    end = read.rfind(b"\n") + 1
    quotes = read.count(b'"', 0, end)
    while end and quotes % 2:
        before = read.rfind(b"\n", 0, end - 1) + 1
        quotes -= read.count(b'"', before, end)
        end = before
    target.write_bytes(read[:end] if end else read)


def _too_slow(shown: str) -> SourceError:
    return SourceError(_("{shown} takes too long: it is not all here in time.", shown=shown))


def _file_name(address: str, headers: HTTPMessage) -> str:
    name = PurePosixPath(unquote(urlsplit(address).path)).name
    if PurePosixPath(name).suffix.lower() in KINDS:
        return f"people{PurePosixPath(name).suffix.lower()}"
    kind = OF_TYPE.get(headers.get_content_type())
    if kind is None:
        raise SourceError(
            _(
                "The address gives {get_content_type}, and its name ends with no kind of table. "
                "Use one that ends with {names} or {last}.",
                get_content_type=headers.get_content_type(),
                names=", ".join(KINDS[:-1]),
                last=KINDS[-1],
            )
        )
    return f"people{kind}"


def _refuse_private(host: str, place: str) -> None:
    if not public_web.is_public(place):
        raise SourceError(
            _(
                "{host} is on a private network ({place}). Set HSL_SOURCES_PRIVATE=1 if people "
                "may be read from there.",
                host=host,
                place=place,
            )
        )
