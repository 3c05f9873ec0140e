"""`up` starts everything and ends everything."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.browser.conftest import House, as_in_the_readme, environment, free_port

__all__ = ["as_in_the_readme"]
PATIENCE = 90.0  # seconds


def children(parent: int) -> set[int]:
    """Ids of the processes that `parent` started."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(words[1]) == parent:
                found.add(int(entry.name))
    return found


def is_running(process: int) -> bool:
    try:
        return (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()[
            0
        ] != "Z"
    except OSError:
        return False


def test_it_serves_and_ctrl_c_ends_all_its_children(as_in_the_readme: House) -> None:
    house, (up,) = as_in_the_readme, as_in_the_readme.processes
    with urlopen(f"{house.address}/healthz", timeout=30) as answer:
        assert answer.status == 200
        assert "default-src 'self'" in answer.headers["content-security-policy"]
    with urlopen(house.address, timeout=30) as answer:
        assert answer.headers["x-content-type-options"] == "nosniff"
    with pytest.raises(HTTPError, match="404"):
        urlopen(f"{house.address}/api/typo", timeout=30)
    started = children(up.pid)
    assert len(started) == 3
    up.send_signal(signal.SIGINT)
    assert up.wait(PATIENCE) == 0
    deadline = time.monotonic() + PATIENCE
    while any(is_running(child) for child in started) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(is_running(child) for child in started)


def test_a_child_that_dies_ends_it_with_status_1(as_in_the_readme: House) -> None:
    (up,) = as_in_the_readme.processes
    os.kill(max(children(up.pid)), signal.SIGKILL)
    assert up.wait(PATIENCE) == 1
    assert children(up.pid) == set()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = subprocess.run(
            [sys.executable, "-m", "hsl", "up"],
            cwd=tmp_path,
            env=environment(tmp_path, port, free_port()),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert said.returncode == 1
    assert f"127.0.0.1:{port} is taken" in said.stderr
    assert "HSL_PORT" in said.stderr
