"""What the program is made of: writes `sbom.json` (CycloneDX) and `licences.md` beside this file.

Run it after every change of requirements.lock, in an environment with requirements-dev.txt.
"""

import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCK = HERE.parent / "requirements.lock"
UNKNOWN = "not installed here"


def locked(lines: str) -> dict[str, str]:
    """The versions of a lock file by the names of their packages."""
    pairs = [line.split(";")[0].strip().split("==") for line in lines.splitlines() if "==" in line]
    return {name.lower(): version for name, version in pairs}


def licence(name: str) -> str:
    """The licence that a package declares, in one line."""
    try:
        found = metadata(name)
    except PackageNotFoundError:
        return UNKNOWN
    said = found.get("License-Expression")
    if not said:
        marks = [
            mark.rpartition(" :: ")[2]
            for mark in found.get_all("Classifier") or []
            if mark.startswith("License ::")
        ]
        said = ", ".join(marks) or (found.get("License") or "not declared").splitlines()[0]
    return said.replace("|", "/")[:120]


def main() -> None:
    """Write both files."""
    made = subprocess.run(
        [sys.executable, "-m", "cyclonedx_py", "requirements", "--output-reproducible", str(LOCK)],
        capture_output=True,
        text=True,
        check=True,
    )
    bill = json.loads(made.stdout)
    for component in bill["components"]:
        component["licenses"] = [{"license": {"name": licence(component["name"])}}]
    (HERE / "sbom.json").write_text(f"{json.dumps(bill, indent=1, sort_keys=True)}\n", "utf-8")
    rows = [
        f"| {name} | {version} | {licence(name)} |"
        for name, version in sorted(locked(LOCK.read_text("utf-8")).items())
    ]
    (HERE / "licences.md").write_text(
        "# Licences\n\nOf every package that requirements.lock pins, as it declares it itself. "
        "Made by `python docs/bill_of_materials.py`.\n\n"
        "| package | version | licence |\n|---|---|---|\n" + "\n".join(rows) + "\n",
        "utf-8",
    )


if __name__ == "__main__":
    main()
