"""Help of every command: whole sentences, panels, examples that run, completion."""

import functools
import importlib.util
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer

from mrnet_features import compiled_files, cross_validate, load_labels, load_mrnet
from mrnet_features.cli import app
from mrnet_features.cli.app import PANELS
from mrnet_features.quality.audit import audit
from tests.support.command_line import ENVIRONMENT, run

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = typer.main.get_command(app).commands

HAS_TORCH = all(map(importlib.util.find_spec, ("torch", "torchvision")))
"""Whether the extra `cnn` is installed; without it, a test of its own reads the error."""

QUICK = {
    "audit": ["--codes", "label-file,stack-file", "-j", "1"],
    "extract": ["--families", "minimal", "-j", "1"],
    "explore": ["--no-audit", "-j", "1"],
    "view": ["--exams", "0003"],
    "cv": ["--n-folds", "2", "--repeats", "1", "-j", "1"],
    "cnn": ["--n-folds", "2", "--resolution", "64", "--epochs", "1", "-j", "1"],
    "compare": ["--split", "train"],
    "importance": ["--n-folds", "2", "-j", "1"],
    "fit": ["--n-folds", "2", "-j", "1"],
    "predict": ["-j", "1"],
    "report": ["--n-folds", "2", "--repeats", "1", "--no-viewer", "-j", "1"],
    "reproduce": ["--families", "minimal", "--n-folds", "2", "-j", "1"],
    "knees": ["--train", "1", "--valid", "0", "-j", "1"],
}
"""Options after those of an example that make it quick; the last of two equal options counts."""


@pytest.fixture(scope="module")
def place(folder, tmp_path_factory):
    """Working folder of the examples: a set, and the predictions of another model."""
    place = tmp_path_factory.mktemp("examples")
    (place / "MRNet-v1.0").symlink_to(folder / "knees")
    shutil.copy(folder / "train.parquet", place)
    labels = load_labels(folder / "knees")
    for name, by in (("cnn", 3), ("mine", 4)):
        wrong = np.arange(len(labels)) % by == 0
        scores = 0.8 * labels.sub(wrong, axis=0).abs() + 0.1
        scores.to_csv(place / f"{name}.csv")
    scores.to_csv(place / "predictions.csv", header=False, index=False)
    lines = [
        f"{exam.paths[plane]}\n"
        for exam in load_mrnet(folder / "knees").exams
        for plane in ("sagittal", "coronal", "axial")
    ]
    (place / "valid-paths.csv").write_text("".join(lines))
    if HAS_TORCH:
        import torch
        from torchvision.models import alexnet

        torch.save(alexnet(weights=None).state_dict(), place / "alexnet.pth")
    return place


@pytest.fixture
def quick(monkeypatch):
    """Replace what takes minutes (demo, audit of the study, repeats), and what removes code."""
    from mrnet_features.workflows import demo, score, stability, study

    class Summary:
        folds = None

        def summary(self):
            return pd.DataFrame({"auc": [0.5]}, index=pd.Index(["acl"], name="task"))

    monkeypatch.setattr(demo, "run_demo", lambda out, **_: demo.Demo(Summary(), None))
    one = functools.partial(stability.measure_stability, perturbations=["shift"])
    monkeypatch.setattr(stability, "measure_stability", one)
    for module in (score, study):
        monkeypatch.setattr(module, "cross_validate", cross_validate_once)
    # other tests need the code
    monkeypatch.setattr(compiled_files, "clear_compiled_code", list)
    monkeypatch.setattr(study, "audit", lambda root, **_: audit(root, codes="label-file"))


def cross_validate_once(*tables, **settings):
    return cross_validate(*tables, **{**settings, "n_repeats": 1})


@pytest.mark.filterwarnings("ignore:'a?c?l?m?e?n?i?s?c?u?s? ?implies:UserWarning")
@pytest.mark.filterwarnings("ignore:There are too few exams:UserWarning")
@pytest.mark.usefixtures("quick")
def test_the_examples_of_all_commands_run_one_after_another(place, tmp_path):
    for example in [example for command in COMMANDS.values() for example in command.examples]:
        typed, _, target = example.partition(" > ")
        program, *arguments = shlex.split(typed)
        assert program == "mrnet-features"
        if arguments[0] == "cnn" and not HAS_TORCH:
            continue
        extra = [] if "--diff" in arguments else QUICK.get(arguments[0], [])
        if "--stability" in arguments:
            extra = ["--exams", "3", "-j", "1"]
        done = run(*arguments, *extra, cwd=tmp_path if arguments[0] == "knees" else place)
        assert done.status == 0, (example, done.stderr)
        if target:
            (place / target).write_text(done.stdout)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_are_right_use(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = re.findall(r"^mrnet-features ([a-z].*?)(?: +#.*)?$", page.read_text(), re.MULTILINE)
    for line in lines:
        name, *arguments = shlex.split(line.split(" > ")[0])
        if "--folds" in arguments:  # a file that an earlier command of the page writes
            folds = Path(arguments[arguments.index("--folds") + 1])
            folds.parent.mkdir(exist_ok=True)
            folds.touch()
        COMMANDS[name].make_context(name, arguments)  # raises for wrong use


def test_every_file_of_the_readme_is_made_or_explained():
    text = (ROOT / "README.md").read_text()
    start = text.index("## From the command line")
    block = text[start:].split("```")[1]
    assert block.count("mrnet-features ") >= 10
    for name in set(re.findall(r"[\w-]+\.(?:csv|parquet)", block)):
        is_made = re.search(rf"(--out|predict \S+ \S+) {re.escape(name)}", block)
        assert is_made or f"`{name}`" in text[start:].split("```")[0], name
    assert "ROOT" not in block


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_panel_examples_and_the_same_short_options(name):
    command = COMMANDS[name]
    assert 2 <= len(command.examples) <= 3
    assert all(line.startswith(f"mrnet-features {name}") for line in command.examples)
    assert command.rich_help_panel in PANELS
    options = {name: param for param in command.params for name in param.opts}
    assert set(options["--json"].opts) == {"--json"}
    for long, short in (("--quiet", "-q"), ("--out", "-o"), ("--jobs", "-j")):
        if long in options or long == "--quiet":
            assert set(options[long].opts) == {long, short}
    assert {"-q", "--quiet"} <= set(options)


def test_the_list_of_commands_is_whole_sentences_in_panels():
    shown = run("-h").stdout
    assert shown == run("--help").stdout == run("--help").stdout
    headings = re.findall(r"^(\w+):$", shown, re.MULTILINE)
    assert headings == ["Options", *PANELS]
    text = " ".join(shown.split())
    for name, command in COMMANDS.items():
        first = command.help.split("\n\n")[0]
        assert first.endswith(".")
        assert f"{name} {first}" in text
    assert "\x1b" not in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_help_in_a_pipe_is_plain_text_with_the_examples_as_typed(name):
    shown = run(name, "--help").stdout
    assert shown.isascii()
    assert "\\[" not in shown
    assert shown.endswith("\n".join(f"  {line}" for line in COMMANDS[name].examples) + "\n")
    assert all(
        len(line) <= 80 for line in shown.splitlines() if not line.startswith("  mrnet-features ")
    )


def test_help_on_a_terminal_has_panels_and_unbroken_paragraphs():
    ours, theirs = pty.openpty()
    environment = {**ENVIRONMENT, "TERM": "xterm-256color", "COLUMNS": "200"}
    environment.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "mrnet_features", "cv", "-h"]
    with subprocess.Popen(command, stdout=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 2**16)
            except OSError:  # the other end is closed
                break
            shown += part
            if not part:
                break
    os.close(ours)
    assert process.returncode == 0
    assert b"\x1b[1m" in shown
    text = re.sub(r"\x1b\[[0-9;]*m", "", shown.decode())
    assert "─ Options ─" in text
    assert "and writes summary, out-of-fold predictions and folds as CSV." in text
    assert "\n  mrnet-features cv train.parquet MRNet-v1.0\r\n" in text
    assert "[default: None]" not in text


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("extr", "extract"),
        ("cv --over", "--overwrite"),
        ("extract --families basel", "baseline"),
        ("extract --families glcm,lb", "glcm,lbp"),
        ("extract --planes axial,cor", "axial,coronal"),
        ("audit --codes noise,bl", "noise,blank-slices"),
        ("importance --by reg", "region"),
        ("importance --views shap,perm", "shap,permutation"),
        ("cv --model logi", "logistic"),
        ("families gl", "glcm"),
    ],
)
def test_names_are_completed(typed, offered, monkeypatch):
    for name, value in ask_for_completion(typed).items():
        monkeypatch.setenv(name, value)
    assert offered in run().stdout.split()


def test_completion_works_in_a_process_of_its_own():
    command = [sys.executable, "-m", "mrnet_features"]
    environment = {**ENVIRONMENT, **ask_for_completion("extr")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["extract"]
    assert done.stderr == ""


def ask_for_completion(typed):
    """Variables with which bash asks for the completion of what was typed."""
    words = f"mrnet-features {typed}"
    return {
        "_MRNET_FEATURES_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
