"""The README's Python code runs as printed, and its files exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_code(number):
    exec(compile(BLOCKS[number], f"README block {number}", "exec"), {})


def test_files():
    for path in re.findall(r"\]\(((?!http)[^)]+)\)", README):
        assert (ROOT / path).exists(), path


def test_two_commands_set_everything_up():
    commands = re.findall(r"^python3 -m venv .*$", README, flags=re.MULTILINE)
    assert len(commands) == 2
    assert commands[0].endswith("reservoir timer")
    assert commands[1].endswith("pytest")
    # what numba leaves of a plain install in an environment would hide an editable one there
    plain, editable = (command.split()[3] for command in commands)
    assert plain != editable
