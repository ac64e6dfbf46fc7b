"""Every command of the documentation is one that there is, and somebody executes it or a reason says why nobody does."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.blocks import CLONE, DOCS_CHECK, ROOT, Block, blocks, blocks_of
from tests.docs.command_line import (
    FOREIGN,
    OURS,
    Command,
    commands_in,
    refusal,
    refusal_of,
    unknown_placeholders,
)
from tests.docs.executor import executes, head_of, source_of
from tests.docs.test_executed import HERE, left_to_docs_check, typed_here

OF_COMMANDS = [block for block in blocks() if block.is_commands]
GUIDES = sorted(
    path.relative_to(ROOT)
    for path in ROOT.rglob("*.md")
    if not {".venv", "node_modules", "cdktf.out", ".pytest_cache"} & set(path.relative_to(ROOT).parts)
    and path.name != "CHANGELOG.md"
)
"""Pages whose commands are for today; the changelog names those that are gone, too."""
SPAN = re.compile(r"`([^`\n]+)`")
TYPED = re.compile(rf"(?:python -m|make|(?:ops|images|rehearsal|{'|'.join(FOREIGN)})) [a-z-]")
"""How a span begins that is a whole command, not a name of something."""


def faults_of(block: Block) -> list[str]:
    """What is wrong with a block of commands: what nobody could type, and what nobody executes."""
    faults = [f"<{name}> is not in PLACEHOLDERS" for name in unknown_placeholders(block.text)]
    try:
        commands = commands_in(block.text)
    except ValueError as error:
        return [*faults, f"no shell reads this ({error}); say its language if it is no command"]
    faults += [f"{command}: {why}" for command in commands if (why := refusal_of(command))]
    if not block.executors and not block.why_not:
        return [
            *faults,
            "no comment above it says who executes it: <!-- executed: ... --> or <!-- not executed: ... -->",
        ]
    files = {name: source_of(name) for name in block.executors if name not in (DOCS_CHECK, CLONE)}
    faults += [f"there is no {name}" for name, path in files.items() if path is None]
    paths = [path for path in files.values() if path]
    left = [command for command in commands if not any(executes(path, command) for path in paths)]
    by_docs_check = bool({DOCS_CHECK, CLONE} & set(block.executors))
    if left and not by_docs_check and not block.why_not:
        faults += [f"{', '.join(files)} has no {command}" for command in left]
    unused = [
        name for name, path in files.items() if path and not any(executes(path, each) for each in commands)
    ]
    faults += [f"{name} has none of these commands" for name in unused]
    if not left and (by_docs_check or block.why_not):
        faults.append("its tests have all of its commands: nothing is left for docs-check, or for a reason")
    return faults


@pytest.mark.parametrize("block", OF_COMMANDS, ids=str)
def test_a_block_of_commands_can_be_typed_and_is_executed_or_says_why_not(block: Block) -> None:
    assert faults_of(block) == []


def test_all_blocks_are_found() -> None:
    """As many as a plain search for fences finds, so that none is overlooked."""
    assert len(OF_COMMANDS) > 30
    fences = sum(
        len(re.findall(r"^ *```\w*", (ROOT / page).read_text(), re.M)) for page in {b.page for b in blocks()}
    )
    indented = sum(
        not (ROOT / block.page).read_text().splitlines()[block.line - 1].lstrip().startswith("```")
        for block in blocks()
    )
    assert fences == 2 * (len(blocks()) - indented)


FAULTY = """<!-- executed: {by} -->

    python -m ops known-hosts --env prod {more}
"""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("    python -m ops depoly --env prod\n", "there is no command depoly"),
        ("    python -m ops deploy --environment prod\n", "No such option"),
        ("    make uup\n", "the Makefile has no uup"),
        ("    make up ENVIRONMENT=prod\n", "the Makefile has no ENVIRONMENT"),
        ("    frobnicate --now\n", "frobnicate is no program"),
        ("    python -m ops logs <thing>\n", "<thing> is not in PLACEHOLDERS"),
        ("    python -m ops cost --env prod\n", "no comment above it says who executes it"),
        (FAULTY.format(by="rehearsal gone", more=""), "there is no rehearsal gone"),
        (FAULTY.format(by="tests/live/test_gone.py", more=""), "there is no tests/live/test_gone.py"),
        (FAULTY.format(by="rehearsal access", more="--accept"), "rehearsal access has no python -m ops known-hosts --env prod --accept"),
        (FAULTY.format(by="tests/live/test_doctor.py", more=""), "tests/live/test_doctor.py has no python"),
        (FAULTY.format(by="rehearsal access, docs-check", more=""), "nothing is left for docs-check"),
    ],
)  # fmt: skip
def test_a_fault_in_a_block_is_found(text: str, fault: str) -> None:
    (block,) = blocks_of("page.md", text)
    assert fault in "; ".join(faults_of(block))


def test_another_option_makes_another_command() -> None:
    """The rehearsal of a disaster deploys in two steps; a page that says one step is not what it executes."""
    (block,) = blocks_of(
        "page.md", "<!-- executed: rehearsal disaster -->\n\n    python -m ops deploy --env prod\n"
    )
    assert faults_of(block) != []
    (block,) = blocks_of(
        "page.md",
        "<!-- executed: rehearsal disaster -->\n\n    python -m ops deploy --env prod --only cloud\n",
    )
    assert faults_of(block) == []


def test_docs_check_types_nothing_for_prod_but_what_reads_files() -> None:
    typed = {
        command.arguments[0]: typed_here(command)
        for block in HERE
        for command in left_to_docs_check(block)
        if command.program in OURS
    }
    assert len(typed) > 6
    reads = {name for name, words in typed.items() if "prod" in shlex.join(words)}
    assert reads == {"cost"}
    (other,) = commands_in("python -m ops backup list --env prod")
    assert typed_here(other)[-2:] == ("--env", "local")
    assert typed["deploy"][-3:] == ("--yes", "--confirm", "local")


# -- commands in a sentence ----------------------------------------------------------------------------------------


def spans(page: Path) -> list[str]:
    """Code in sentences and tables that is a whole command."""
    text = re.sub(r"^( *)```.*?^\1```$|^(?: {4}|\t)\S.*?$", "", (ROOT / page).read_text(), flags=re.S | re.M)
    return [span.removeprefix("export ") for span in SPAN.findall(text) if TYPED.match(span)]


def test_every_command_in_a_sentence_is_one_that_there_is() -> None:
    found = [(str(page), span) for page in GUIDES for span in spans(page)]
    assert len(found) > 100
    wrong = []
    for page, span in found:
        for command in commands_in(span):
            words = command.arguments
            why = (
                refusal(command.program, " ".join(words))
                if command.program in ("ops",) and words
                else refusal_of(command)
            )
            wrong += [(page, span, why)] if why else []
    assert wrong == []


@pytest.mark.parametrize(
    "words", ["depoly --env prod", "deploy --environment prod", "check prod", "images resolved"]
)
def test_a_command_that_there_is_not_is_found(words: str) -> None:
    assert refusal("ops", words)


# -- programs of others --------------------------------------------------------------------------------------------

WITH_HELP = ("docker", "terraform", "restic", "pg_dump", "gh", "doctl")
"""Programs that list the options of a subcommand with --help."""

MANUAL = {("pg_dump", "--no-acl"), ("terraform", "-json"), ("terraform", "-target")}
"""Options that the program's manual has and its help leaves out: another name of one, those of a plan at an apply."""


def of_others() -> list[tuple[str, ...]]:
    """Program, subcommands and options, of blocks and sentences."""
    texts = [block.text for block in OF_COMMANDS] + [span for page in GUIDES for span in spans(page)]
    commands = [command for text in texts for command in readable(text) if command.program in WITH_HELP]
    return sorted({(*head_of(command), *sorted(command.options)) for command in commands if command.options})


def readable(text: str) -> list[Command]:
    """The commands of a text; none where another test says that no shell reads it."""
    try:
        return commands_in(text)
    except ValueError:
        return []


@pytest.mark.parametrize("words", of_others(), ids=" ".join)
def test_a_program_of_others_has_the_option(words: tuple[str, ...]) -> None:
    program = words[0]
    if not shutil.which(program):
        pytest.skip(f"{program} is not on this machine")
    names = [word for word in words[1:] if not word.startswith("-")]
    text = ""
    for asked in ([program, *names, "--help"], [program, "--help"]):
        shown = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=False)
        text += shown.stdout + shown.stderr
    options = [word for word in words if word.startswith("-") and (program, word) not in MANUAL]
    assert [word for word in options if not re.search(rf"(?<![\w-]){word}\b", text)] == []
