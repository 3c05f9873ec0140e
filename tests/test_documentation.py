"""The documentation is true: its commands run, and what it names is there."""

import argparse
import re
import shlex
import shutil
from pathlib import Path
from pkgutil import resolve_name

import pytest

from hsl import cli, settings
from hsl.locale.missing import template
from hsl.settings import ROOT, Settings
from hsl.words import catalogue

DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
GUIDES = sorted((ROOT / "docs" / "guides").rglob("*.md"))
TERMINAL = ROOT / "docs" / "guides" / "terminal.md"
OPERATIONS = ROOT / "docs" / "operations.md"
COMMAND = re.compile(r"python -m hsl +([a-z|-]+)(.*)")
NOT_WELL = {"doctor"}  # nothing else runs in this test, and it says so


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def fences(text: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    """All option strings of a command, those of its own commands too."""
    found: set[str] = set()
    for action in parser._actions:
        found.update(action.option_strings)
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                found |= options_of(inner)
    return found


@pytest.mark.parametrize("path", DOCS, ids=name_of)
def test_every_command_and_option_exists(path: Path) -> None:
    for words, rest in COMMAND.findall(path.read_text("utf-8")):
        known: set[str] = set()
        for word in words.strip("|").split("|"):
            assert word in cli.COMMANDS, f"{word} is no command"
            parser = argparse.ArgumentParser()
            resolve_name(cli.COMMANDS[word][0])(parser)
            known |= options_of(parser)
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", rest.split("`")[0]):
            assert option in known, f"{words} has no option {option}"


@pytest.mark.parametrize("path", DOCS, ids=name_of)
def test_every_setting_exists(path: Path) -> None:
    known = {name.upper() for name in Settings.model_fields} | {
        f"HSL_{name.upper()}" for name in Settings.model_fields
    }
    known |= {str(field.validation_alias) for field in Settings.model_fields.values()}
    for name in re.findall(r"\bHSL_[A-Z_]*[A-Z]\b", path.read_text("utf-8")):
        assert name in known


def test_every_setting_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for described in settings.described(Settings()):
        assert f"`{described.name}`" in text, described.name


@pytest.mark.parametrize("path", DOCS, ids=name_of)
def test_every_link_and_picture_is_there(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if not target.startswith(("http://", "https://", "#")):
            assert (path.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("path", GUIDES, ids=name_of)
def test_what_a_guide_names_in_bold_stands_on_a_page(path: Path) -> None:
    """Guides write in bold what a person reads on the pages, and nothing else."""
    if path == TERMINAL:
        return
    language = path.parent.name if path.parent.name != "guides" else "en"
    said: set[str] = set()
    for message in template() if language == "en" else catalogue(language):
        forms = message.id if language == "en" else message.string
        said.update(forms if isinstance(forms, tuple | list) else [str(forms)])
    shapes = [re.escape(words) for words in said if words]
    shapes = [re.sub(r"\\\{\w+\\\}", ".+", shape) for shape in shapes]
    plain = re.sub(r"`[^`]*`", "", path.read_text("utf-8"))
    for bold in re.findall(r"\*\*(.+?)\*\*", plain):
        assert any(re.fullmatch(shape, bold) for shape in shapes), bold


def test_every_guide_and_picture_is_shown_in_every_language() -> None:
    room = ROOT / "docs" / "guides"
    index = (room / "README.md").read_text("utf-8")
    for path in GUIDES:
        if path.name != "README.md":
            assert f"({path.relative_to(room)})" in index
    own = {path.name for path in room.glob("*.md")} - {"README.md", "terminal.md"}
    assert own == {path.name for path in (room / "ru").glob("*.md")}
    for place in (room, room / "ru"):
        shown = "".join(path.read_text("utf-8") for path in place.glob("*.md"))
        for picture in (place / "pictures").glob("*.png"):
            assert f"(pictures/{picture.name})" in shown


@pytest.mark.parametrize(
    ("path", "fewest"), [(TERMINAL, 21), (OPERATIONS, 4)], ids=["terminal", "operations"]
)
def test_the_terminals_commands_run(
    path: Path,
    fewest: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copyfile(ROOT / "data" / "sample_users.csv", tmp_path / "people.csv")
    monkeypatch.chdir(tmp_path)
    for name in ("BOT_TOKEN", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HSL_DATA_DIR", str(tmp_path / "data"))
    settings.get_settings.cache_clear()
    try:
        lines = "".join(fences(path.read_text("utf-8"), "sh")).splitlines()
        assert len(lines) >= fewest
        for line in lines:
            words = shlex.split(line)
            assert words[:3] == ["python", "-m", "hsl"], line
            ended = cli.main(words[3:])
            said = capsys.readouterr()
            assert ended == 0 or words[3] in NOT_WELL, f"{line}\n{said.out}{said.err}"
    finally:
        settings.get_settings.cache_clear()


@pytest.mark.parametrize("path", [ROOT / "CHANGELOG.md", *DOCS], ids=lambda path: path.name)
def test_no_text_holds_two_versions_of_itself(path: Path) -> None:
    said = path.read_text("utf-8")
    assert not re.search(r"^(<{7} |={7}$|>{7} )", said, re.MULTILINE)
