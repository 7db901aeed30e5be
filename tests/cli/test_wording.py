"""Messages of the command line name what can be typed there, never an argument of Python."""

import ast
import inspect
import re
from pathlib import Path

import pytest
import typer

import mrnet_features
from mrnet_features import cli
from mrnet_features.cli.app import OPTIONS
from tests.support.command_line import run

COMMANDS = typer.main.get_command(cli.app).commands
PACKAGE = Path(mrnet_features.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))

EVERY = ",".join(f"{k:04d}" for k in range(20))

WRONG = [
    ("extract", "nowhere", "-o", "x.parquet"),
    ("extract", "knees/train", "-o", "x.parquet"),
    ("extract", "knees", "-o", "train.parquet", "--families", "lbp"),
    ("extract", "knees", "-o", "x.parquet", "--exclude", "7"),
    ("cv", "train.parquet", "knees", "-o", "x", "--n-folds", "9"),
    ("cv", "train.parquet", "knees", "-o", "x", "--n-folds", "11"),
    ("cv", "train.parquet", "knees", "-o", "x", "--split", "valid"),
    ("cv", "train.parquet", "knees", "-o", "x", "--exclude", "3"),
    ("cv", "train.parquet", "knees", "-o", "x", "--exclude", EVERY),
    ("cv", "knees", "train.parquet", "-o", "x"),
    ("cv", "foreign.parquet", "knees", "-o", "x"),
    ("cv", "train.parquet", "knees", "-o", "x", "--folds", "short.csv"),
    ("fit", "train.parquet", "knees", "-o", "x", "--n-folds", "11"),
    ("fit", "train.parquet", "knees", "-o", "knees"),
    ("importance", "train.parquet", "knees", "--n-folds", "11"),
    ("importance", "foreign.parquet", "knees", "--by", "region", "--exclude", "0001"),
    ("importance", "named.parquet", "knees", "--by", "region"),
    ("compare", "knees", "a=odds.csv", "b=short.csv"),
    ("compare", "knees", "a=bare.csv", "b=bare.csv"),
    ("compare", "knees", "a=numbers.csv", "b=numbers.csv"),
    ("compare", "knees", "a=fewer.csv", "b=fewer.csv"),
    ("compare", "knees", "a=same.csv", "b=same.csv", "--added-value", "--n-folds", "2"),
    ("predict", "knees", "paths.csv", "x.csv"),
    ("families", "glcm", "--stability", "--root", "knees", "--split", "valid", "--exams", "2"),
    ("audit", "nowhere"),
    ("knees", "knees", "--train", "3"),
    ("reproduce", "knees/train", "-o", "x"),
]
"""Wrong uses that are found in the files."""


@pytest.fixture(scope="module")
def wrong(folder):
    """Files with something wrong."""
    import pandas as pd

    table = pd.read_parquet(folder / "train.parquet").iloc[:, :3]
    table.iloc[:5].to_parquet(folder / "foreign.parquet")
    table.set_axis(["age", "size", "b"], axis=1).to_parquet(folder / "named.parquet")
    ids = [f"{k:04d}" for k in range(20, 24)]
    scores = pd.DataFrame(0.25, pd.Index(ids, name="exam"), ["abnormal", "acl", "meniscus"])
    scores += pd.DataFrame({task: [0.1, 0.2, 0.3, 0.4] for task in scores}, scores.index)
    scores.to_csv(folder / "same.csv")
    scores.iloc[:3].to_csv(folder / "fewer.csv")
    (9 * scores).to_csv(folder / "odds.csv")
    scores.to_csv(folder / "bare.csv", header=False, index=False)
    scores.set_axis([20, 21, 22, 23], axis=0).rename_axis("exam").to_csv(folder / "numbers.csv")
    (folder / "short.csv").write_text("exam,repeat,fold\n0001,0,0\n")
    (folder / "paths.csv").write_text("valid/sagittal/0020.npy\n")
    return folder


def list_arguments():
    """Names of the arguments of the functions that commands call, directly or below."""
    names = set()
    for name in mrnet_features.__all__:
        thing = getattr(mrnet_features, name)
        if callable(thing):
            names |= set(inspect.signature(thing).parameters)
    for module in (PACKAGE / "workflows").glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.FunctionDef):
                names |= {each.arg for each in [*node.args.args, *node.args.kwonlyargs]}
    return names


ARGUMENTS = list_arguments()


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_messages_name_options_and_not_arguments(arguments, wrong):
    done = run(*arguments, cwd=wrong)
    assert done.status in {1, 2}
    text = done.stderr
    assert text.count("Error:") == 1
    quoted = re.findall(r"`(\w+)`", text)
    given = re.findall(r"\b(\w+)=(?!FILE)[\w'\"{(\[]", text.split("Error:")[1])
    assert [name for name in [*quoted, *given] if name in ARGUMENTS] == []
    options = {name for param in COMMANDS[arguments[0]].params for name in param.opts}
    assert set(re.findall(r"`(--[\w-]+)", text)) <= {*options, "--json", "--help"}


def list_texts(path):
    """Texts of a module, with its line numbers; f-strings are joined."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(getattr(part, "value", "x")) for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_option_that_a_text_names_exists():
    params = [param for command in COMMANDS.values() for param in command.params]
    known = {name for param in params for name in param.opts}
    known |= {"--help", "--version", "--traceback", "--install-completion", "--show-completion"}
    named = {
        option: path.name
        for path in SOURCES
        for text in list_texts(path)
        for quoted in re.findall(r"`([^`\n]+)`", text)
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", quoted)
    }
    assert {option: at for option, at in named.items() if option not in known} == {}


def test_every_command_that_a_text_names_exists():
    named = {
        verb
        for path in SOURCES
        for text in list_texts(path)
        for verb in re.findall(r"`mrnet-features ([a-z]+)", text)
    }
    assert named <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_arguments_of_other_names_are_translated(name):
    command = COMMANDS[name]
    function = inspect.unwrap(command.callback)
    typed = {param.name: param.opts for param in command.params}
    tree = ast.parse(inspect.getsource(inspect.getmodule(function)))
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        for keyword in call.keywords:
            passed = getattr(keyword.value, "id", None)
            options = [name for name in typed.get(passed, ()) if name.startswith("--")]
            if options and keyword.arg != "quiet":
                option = f"--{OPTIONS.get(keyword.arg, keyword.arg).replace('_', '-')}"
                assert option in options, (passed, keyword.arg)
