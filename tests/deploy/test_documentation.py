"""docs/aws.md: its commands, as far as they can be run without an account, and its table against the template."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.template import DUTIES, template

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "aws.md").read_text(encoding="utf-8")


def _commands() -> list[list[str]]:
    (block,) = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    return [shlex.split(line) for line in block.replace("\\\n", " ").removeprefix("$ ").split("\n$ ")]


@pytest.mark.real  # the linter itself is asked in the quick tier
def test_the_linter_command_works_as_it_stands() -> None:
    (command,) = [words for words in _commands() if words[0] == "cfn-lint"]
    ran = subprocess.run([str(Path(sys.executable).with_name("cfn-lint")), *command[1:]], cwd=PROJECT, check=False)
    assert ran.returncode == 0


def test_the_deployment_gives_every_parameter_that_has_no_default_in_a_form_the_template_takes() -> None:
    (words,) = [words for words in _commands() if words[1:3] == ["cloudformation", "deploy"]]
    assert (PROJECT / words[words.index("--template-file") + 1]).is_file()
    given = dict(word.split("=", 1) for word in words[words.index("--parameter-overrides") + 1 :])
    declared = template().body["Parameters"]
    assert set(given) == {name for name, told in declared.items() if "Default" not in told}
    for name, value in given.items():
        value = "lantern" if value == "NAME" else value
        assert re.match(declared[name]["AllowedPattern"], value), name
    assert "CAPABILITY_IAM" in words, "the template makes roles"


def test_the_page_names_every_role_and_every_setting_the_outputs_give() -> None:
    assert re.findall(r"^\| (\w+) \| [a-z]", PAGE, re.MULTILINE)[-len(DUTIES) :] == list(DUTIES)
    for told in template().body["Outputs"].values():
        assert told.get("Description", "CONFIDE_STORE") in PAGE
