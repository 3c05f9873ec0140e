"""Files that appear again and again: which of them, together, and from the web."""

import csv
import functools
import http.server
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine, select

from hsl import models
from hsl.audience.sources import addresses, definitions, files, preview, registry, runs
from hsl.audience.sources.errors import SourceError
from hsl.settings import Settings

Keep = Callable[..., definitions.Definition]


def write(path: Path, words: str, *, age: float = 0.0) -> Path:
    path.write_text(words, "utf-8")
    moment = time.time() - age
    os.utime(path, (moment, moment))
    return path


def run(engine: Engine, settings: Settings) -> registry.Run:
    done = runs.run(engine, "school", settings=settings, actor="anna")
    assert done is not None
    return done


def names(engine: Engine) -> dict[int, str | None]:
    with engine.begin() as connection:
        rows = connection.execute(select(models.users)).all()
    return {row.user_id: row.first_name for row in rows}


def test_the_newest_of_a_pattern(
    engine: Engine, settings: Settings, keep: Keep, tmp_path: Path
) -> None:
    write(tmp_path / "people-1.csv", "user_id,first_name\n1,Old\n", age=60)
    write(tmp_path / "people-2.csv", "user_id,first_name\n1,New\n")
    write(tmp_path / "other.csv", "user_id,first_name\n1,Other\n", age=-60)
    keep(str(tmp_path / "people-*.csv"))
    assert run(engine, settings).people == 1
    assert names(engine) == {1: "New"}


def test_all_of_a_folder_of_which_later_ones_win(
    engine: Engine, settings: Settings, keep: Keep, tmp_path: Path
) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    write(folder / "b.csv", "user_id,first_name,city\n1,Old,Omsk\nx,,\n2,Boris,\n", age=60)
    pd.DataFrame({"user_id": [1, 3], "first_name": ["New", "Vera"]}).to_parquet(
        folder / "a.parquet"
    )
    write(folder / "c.jsonl", '{"user_id": 4, "tags": ["a", "b"]}\n{"user_id": "y"}\n', age=-60)
    write(folder / "notes.md", "no people")
    write(folder / ".hidden.csv", "user_id\n9\n")
    keep(str(folder), which="all")
    done = run(engine, settings)
    assert (done.added, done.rejected) == (4, 2)
    assert names(engine) == {1: "New", 2: "Boris", 3: "Vera", 4: None}
    assert done.rejects_file is not None
    with Path(done.rejects_file).open(encoding="utf-8") as file:
        rejected = [(row["file"], row["line"]) for row in csv.DictReader(file)]
    assert rejected == [("b.csv", "3"), ("c.jsonl", "2")]
    with engine.begin() as connection:
        rows = connection.execute(select(models.users.c.user_id, models.users.c.attributes)).all()
    assert {row.user_id: row.attributes for row in rows if row.attributes} == {
        1: {"city": "Omsk"}, 4: {"tags": '["a","b"]'},
    }  # fmt: skip


def test_a_mapping_names_leaves_out_and_must_fit(
    engine: Engine, settings: Settings, keep: Keep, tmp_path: Path
) -> None:
    path = write(tmp_path / "p.csv", "Id,TG,Level,note\n17,1,top,secret\n")
    keep(str(path), mapping={"tg": "user_id", "note": "", "LEVEL": "grade"})
    run(engine, settings)
    with engine.begin() as connection:
        person = connection.execute(select(models.users)).one()
    assert (person.user_id, person.attributes) == (1, {"id": "17", "grade": "top"})
    write(path, "Id,Level,note\n17,top,secret\n")
    with pytest.raises(SourceError, match=r"p\.csv has no column tg, which is mapped"):
        run(engine, settings)


def test_two_columns_for_one_are_refused(
    engine: Engine, settings: Settings, keep: Keep, tmp_path: Path
) -> None:
    path = write(tmp_path / "p.csv", "user_id,status,state\n1,a,b\n")
    with pytest.raises(SourceError, match="two columns are mapped to status"):
        keep(str(path), mapping={"status": "status", "state": "status"})
    keep(str(path), mapping={"state": "status"})
    with pytest.raises(SourceError, match="two columns for status"):
        run(engine, settings)
    keep(str(path), mapping={"state": "status", "status": ""})
    assert run(engine, settings).added == 1


def test_no_file_is_an_error_with_a_remedy(
    engine: Engine, settings: Settings, keep: Keep, tmp_path: Path
) -> None:
    keep(str(tmp_path / "none-*.csv"))
    with pytest.raises(SourceError, match="names no file of people now"):
        run(engine, settings)


ROW = {
    "/endless.csv": b'1,"An""na\nof two lines, Omsk"\n2,Boris\n' * 100,
    "/endless.jsonl": b'{"user_id": 1, "first_name": "An\\"na"}\n' * 100,
}


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; some paths redirect, say what they are, or never end."""

    def do_GET(self) -> None:
        if self.path == "/moved.csv":
            self.send_response(302)
            self.send_header("Location", "/people.csv")
            self.end_headers()
        elif self.path.startswith("/to?"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to?"))
            self.end_headers()
        elif self.path.startswith("/export"):
            self.send_response(200)
            self.send_header("Content-Type", "text/csv; charset=utf-8")
            self.end_headers()
            self.wfile.write(b"user_id\n5\n")
        elif self.path == "/short.csv":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"user_id\n5\n")
        elif self.path == "/drip.csv":
            self.send_response(200)
            self.end_headers()
            for _ in range(800):
                self.wfile.write(b"user_id\n")
                time.sleep(0.05)
        elif self.path.startswith("/endless"):
            self.send_response(200)
            self.send_header("Content-Length", str(2**40))
            self.end_headers()
            with suppress(OSError):  # until nobody listens
                self.wfile.write(b"user_id,first_name\n" if "csv" in self.path else b"")
                while True:
                    self.wfile.write(ROW[self.path])
        elif self.path == "/heads.csv":
            self.wfile.write(b"HTTP/1.0 200 OK\r\n")
            with suppress(OSError):
                for number in range(800):
                    self.wfile.write(f"X-{number}: x\r\n".encode())
                    time.sleep(0.05)
        elif self.path == "/away.csv":
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *_words: Any) -> None:
        return


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """A folder on the web of this machine."""
    folder = tmp_path / "web"
    folder.mkdir()
    write(folder / "people.csv", "user_id,first_name\n1,Anna\n2,Boris\n")
    pd.DataFrame({"user_id": [7]}).to_parquet(folder / "people.parquet")
    write(folder / "page.html", "<p>no people")
    handler = functools.partial(Handler, directory=str(folder))
    # Every address of this machine, as 127.0.0.2 stands for a private one.
    server = http.server.ThreadingHTTPServer(("", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "people"),
    [("people.csv", 2), ("people.parquet", 1), ("moved.csv", 2), ("export?day=today", 1)],
)
def test_a_web_address(
    engine: Engine, settings: Settings, keep: Keep, web: str, path: str, people: int
) -> None:
    keep(f"{web}/{path}")
    assert run(engine, settings).added == people


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("none.csv", "answers with status 404"),
        ("page.html", "gives text/html"),
        ("short.csv", "broke off after 10 of 1,000 bytes"),
        ("away.csv", "cannot be read|status 302"),
    ],
)
def test_a_web_address_that_gives_no_people(
    engine: Engine, settings: Settings, keep: Keep, web: str, path: str, words: str
) -> None:
    keep(f"{web}/{path}")
    with pytest.raises(SourceError, match=words):
        run(engine, settings)
    assert names(engine) == {}


def test_a_private_network_is_refused_unless_it_is_allowed(
    engine: Engine, tmp_path: Path, keep: Keep, web: str
) -> None:
    keep(f"{web}/people.csv")
    settings = Settings(data_dir=tmp_path, sources_private=False)
    with pytest.raises(SourceError, match="HSL_SOURCES_PRIVATE=1"):
        run(engine, settings)
    named = web.replace("127.0.0.1", "localhost")
    keep(f"{named}/people.csv")
    with pytest.raises(SourceError, match="on a private network"):
        run(engine, settings)
    assert names(engine) == {}


@pytest.mark.parametrize(
    "place",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "::1", "fd00::1", "fe80::1%eth0",
     "::ffff:10.0.0.1", "0.0.0.0", "224.0.0.1", "100.64.0.1", "64:ff9b::a9fe:a9fe",
     "64:ff9b::10.0.0.1", "64:ff9b:1::1", "64:ff9b:1:ffff::1.1.1.1", "2002:7f00:1::",
     "2002:a9fe:a9fe::1", "::7f00:1", "::", "::8.8.8.8", "fec0::1", "192.88.99.1",
     "::ffff:192.88.99.1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "ff02::1", "3fff::1", "5f00::1",
     "2001:db8::1", "255.255.255.255", "198.18.0.1", "240.0.0.1"],
)  # fmt: skip
def test_every_kind_of_private_place_is_known(place: str) -> None:
    with pytest.raises(SourceError, match="private network"):
        files._refuse_private("school.example", place)


def test_a_public_place_is_let_through() -> None:
    files._refuse_private("school.example", "93.184.216.34")
    files._refuse_private("school.example", "2606:2800:220:1::1")
    files._refuse_private("school.example", "64:ff9b::93.184.216.34")
    files._refuse_private("school.example", "2002:5db8:d822::1")


def private(host: str, place: str) -> None:
    """Of this machine's own addresses, 127.0.0.2 alone is taken for a private one."""
    if place == "127.0.0.2":
        raise SourceError(f"{host} is on a private network ({place}).")


def test_where_it_is_sent_on_to_is_looked_at_too(
    tmp_path: Path, web: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_refuse_private", private)
    elsewhere = web.replace("127.0.0.1", "127.0.0.2")
    address = addresses.resolve(f"{web}/to?{elsewhere}/people.csv")
    with pytest.raises(SourceError, match=r"private network \(127\.0\.0\.2\)"):
        files.download(address, tmp_path, allow_private=False)
    assert files.download(address, tmp_path, allow_private=True).read_text().startswith("user_id")


def test_what_was_looked_at_is_what_is_connected_to(
    tmp_path: Path, web: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_refuse_private", private)
    port = int(web.rpartition(":")[2])
    asked: list[str] = []

    def rebinding(host: str, *_more: Any, **_named: Any) -> list[Any]:
        asked.append(host)
        place = "127.0.0.1" if len(asked) == 1 else "127.0.0.2"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    address = addresses.resolve(f"http://school.example:{port}/people.csv")
    files.download(address, tmp_path, allow_private=False)
    assert asked == ["school.example"]
    with pytest.raises(SourceError, match="private network"):
        files.download(address, tmp_path, allow_private=False)


def test_size_and_time_are_limited(tmp_path: Path, web: str) -> None:
    with pytest.raises(SourceError, match="larger than 0 MiB"):
        files.download(
            addresses.resolve(f"{web}/people.csv"), tmp_path, allow_private=True, most_bytes=10
        )
    began = time.monotonic()
    with pytest.raises(SourceError, match="takes too long"):
        files.download(
            addresses.resolve(f"{web}/drip.csv"), tmp_path, allow_private=True, patience=0.3
        )
    assert time.monotonic() - began < 3  # the whole answer takes forty


def test_slow_heads_are_given_up_too(tmp_path: Path, web: str) -> None:
    began = time.monotonic()
    with pytest.raises(SourceError, match="takes too long"):
        files.download(
            addresses.resolve(f"{web}/heads.csv"), tmp_path, allow_private=True, patience=0.3
        )
    assert time.monotonic() - began < 3  # the whole answer takes forty


def test_a_file_is_read_once_nobody_writes_to_it(
    engine: Engine, settings: Settings, keep: Keep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SETTLED", 1.0)
    path = write(tmp_path / "p.csv", "user_id,first_name\n1,Anna\n12")
    keep(str(path))
    waiting = threading.Event()

    def go_on() -> None:
        assert waiting.wait(10)
        write(path, "user_id,first_name\n1,Anna\n123,Boris\n")

    writer = threading.Thread(target=go_on)
    writer.start()

    def tell(_share: float, stage: str) -> None:
        if "waiting for p.csv" in stage:
            waiting.set()

    runs.run(engine, "school", settings=settings, actor="anna", progress=tell)
    writer.join()
    assert names(engine) == {1: "Anna", 123: "Boris"}


def test_a_file_that_is_never_whole_is_refused(
    engine: Engine, settings: Settings, keep: Keep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(str(write(tmp_path / "p.csv", "user_id\n1\n12", age=60)))
    with pytest.raises(SourceError, match=r"p\.csv ends within a line"):
        run(engine, settings)
    monkeypatch.setattr(files, "SETTLED", 3600.0)
    monkeypatch.setattr(files, "SETTLING", 0.1)
    with pytest.raises(SourceError, match=r"p\.csv is still being written to"):
        run(engine, settings)
    assert names(engine) == {}


def test_a_file_that_changes_while_it_is_read_is_refused(
    engine: Engine, settings: Settings, keep: Keep, tmp_path: Path
) -> None:
    path = write(tmp_path / "p.csv", "user_id\n1\n", age=60)
    keep(str(path))

    def tell(_share: float, stage: str) -> None:
        if stage == "Reading":
            write(path, "user_id\n1\n2\n", age=30)

    with pytest.raises(SourceError, match=r"p\.csv changed while it was read"):
        runs.run(engine, "school", settings=settings, actor="anna", progress=tell)
    assert names(engine) == {}


@pytest.mark.parametrize("path", list(ROW))
def test_a_preview_reads_the_beginning_alone(tmp_path: Path, web: str, path: str) -> None:
    definition = definitions.define(name="school", kind="files", address=f"{web}{path}")
    found = preview.preview(definition, Settings(data_dir=tmp_path, sources_private=True))
    assert found.problem is None
    assert len(found.rows) == preview.ROWS
    expected = 'An"na\nof two lines, Omsk' if path.endswith("csv") else 'An"na'
    assert found.rows[0].person == {"user_id": "1", "first_name": expected}
