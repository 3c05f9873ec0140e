"""Fuzzing that learns from which code an input reaches: atheris over the targets of this folder.

python -m tests.fuzz.guided [TARGET [SECONDS]]

It needs `pip install atheris`, which no other test does. Without a target each one is fuzzed for
SECONDS (60), in a process of its own. An input that fails is written to the folder `crashes`, and
the exit status is 1.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

SECONDS = 60


def main(words: list[str]) -> int:
    """Fuzz what is asked for; 0 where nothing failed."""
    seconds = int(words[1]) if len(words) > 1 else SECONDS
    if words and words[0] != "all":
        fuzz(words[0], seconds)
    from tests.fuzz.targets import TARGETS

    ended = [
        subprocess.run([sys.executable, "-m", "tests.fuzz.guided", name, str(seconds)]).returncode
        for name in TARGETS
    ]
    return int(any(ended))


def fuzz(name: str, seconds: int) -> NoReturn:
    """Fuzz one target for so many seconds; the process ends with it."""
    import atheris

    with atheris.instrument_imports(include=["hsl", "tests.fuzz"]):
        from tests.fuzz import targets
    crashes = Path("crashes")
    crashes.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for at, seed in enumerate(targets.SEEDS[name]):
            Path(corpus, str(at)).write_bytes(seed)
        limits = [f"-max_total_time={seconds}", "-max_len=4096", "-timeout=20", "-verbosity=0"]
        target = targets.TARGETS[name]
        target(b"")
        atheris.Setup([name, corpus, f"-artifact_prefix=crashes/{name}-", *limits], target)
        atheris.Fuzz()
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
