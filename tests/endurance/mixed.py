"""Mixed commands with kills for an hour: results unchanged, no stale file, memory flat.

Beside the commands, `tests.endurance.caller` calls the library in one process all the time.
"""

import argparse
import hashlib
import json
import shutil
import signal
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from tests.endurance import commands

KILL_SHARE = 0.35
"""Share of the runs that are stopped at a random moment and then run again."""
SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
UNSTABLE = {"doctor"}
"""Commands whose text tells of the machine at this moment."""


def main() -> int:
    """Command line; exit status 1 if anything is not as it must be."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance.mixed")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="file of all runs to write")
    given = parser.parse_args()
    commands.exit_on_terminate()
    with tempfile.TemporaryDirectory(prefix="endurance-") as work:
        result = run_mixed(Path(work), 60 * given.minutes, Random(given.seed))
    print_summary(result)
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return int(bool(result["faults"]))


def list_commands(root: Path, base: Path, out: Path) -> dict[str, list[str]]:
    """Arguments by command; results go to `out`, inputs come from `root` and `base`."""
    table, cv = base / "train.parquet", base / "cv" / "predictions.csv"
    found = {
        "knees": ["knees", out / "knees", "--train", 2, "--valid", 1],
        "audit": ["audit", root, "--json"],
        "extract": ["extract", root, "--out", out / "a.parquet", "--families", "minimal"],
        "cv": ["cv", table, root, "--model", "logistic", "--out", out / "cv"],
        "fit": ["fit", table, root, "--out", out / "model"],
        "predict": ["predict", base / "model", base / "paths.csv", out / "predictions.csv"],
        "compare": ["compare", root, f"a={cv}", f"b={base / 'other.csv'}", "--split", "train"],
        "importance": ["importance", table, root, "--views", "shap", "--out", out / "i.csv"],
        "families": ["families", "--json"],
        "doctor": ["doctor", "--json"],
    }
    return {name: [*map(str, arguments)] for name, arguments in found.items()}


def prepare(work: Path) -> tuple[Path, Path, Path]:
    """Exams, and the files that commands read: table, model, predictions, folds, paths."""
    root, base, out = work / "exams", work / "base", work / "out"
    commands.write_exams(root)
    base.mkdir()
    out.mkdir()
    table = base / "train.parquet"
    steps = [
        ["extract", root, "--out", table, "--families", "minimal"],
        ["cv", table, root, "--model", "logistic", "--out", base / "cv"],
        ["cv", table, root, "--model", "prior", "--out", work / "prior"],
        ["fit", table, root, "--out", base / "model"],
    ]
    for step in steps:
        ended = commands.run([*map(str, step)])
        if ended.status:
            raise SystemExit(f"{step[0]} fails: {ended.output}")
    shutil.copy(work / "prior" / "predictions.csv", base / "other.csv")
    first = sorted((root / "valid" / "axial").iterdir())[:3]
    planes = ("sagittal", "coronal", "axial")
    lines = [f"{root / 'valid' / plane / path.name}\n" for path in first for plane in planes]
    (base / "paths.csv").write_text("".join(lines))
    (base / "broken.csv").write_bytes(b"\xff\xfe\x00exam\x1b[2J" * 50)
    return root, base, out


def run_mixed(work: Path, seconds: float, rng: Random) -> dict:
    """Run random commands until the time is over."""
    root, base, out = prepare(work)
    arguments = list_commands(root, base, out)
    expected = {name: run_clean(name, arguments[name], out)[1] for name in arguments}
    before = commands.hash_folder(root) | commands.hash_folder(base)
    log = work / "caller.jsonl"
    caller = commands.Run([str(root), str(base), str(log)], module="tests.endurance.caller")
    runs, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        name = rng.choice(sorted(arguments))
        row = {"command": name, "signal": "", "faults": []}
        shutil.rmtree(out)
        out.mkdir()
        if rng.random() < KILL_SHARE:
            number = rng.choice(SIGNALS)
            row["signal"] = number.name
            disturbed = commands.Run(arguments[name])
            if not disturbed.wait(rng.uniform(0.1, 1.0) * expected[name]["seconds"]):
                disturbed.send(number)
            row["faults"] += disturbed.end(commands.SECONDS_TO_END).list_faults()
        ended, found = run_clean(name, arguments[name], out, is_empty=False)
        row["faults"] += ended.list_faults()
        row["faults"] += compare(name, expected[name], found)
        row |= {"seconds": round(ended.seconds, 2), "megabytes": round(ended.megabytes, 1)}
        runs.append(row)
        print(f"{len(runs):4d} {name:11} {row['signal']:8} {ended.seconds:5.1f} s "
              f"{ended.megabytes:6.0f} MB {'; '.join(row['faults'])[:300] or 'right'}",
              flush=True)  # fmt: skip
    is_alive = not caller.wait(0)
    if is_alive:
        caller.send(signal.SIGKILL)
    ended = caller.end(commands.SECONDS_TO_END)
    rounds = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    faults = [f"{row['command']}: {fault}" for row in runs for fault in row["faults"]]
    faults += [] if is_alive else [f"the caller ended: {ended.output[-500:]}"]
    faults += judge_memory(runs) + judge_rounds(rounds)
    after = commands.hash_folder(root) | commands.hash_folder(base)
    faults += [f"inputs: {change}" for change in commands.compare_folders(before, after)]
    return {"runs": runs, "rounds": rounds, "faults": faults}


def run_clean(
    name: str, arguments: list[str], out: Path, *, is_empty: bool = True
) -> tuple[commands.Ended, dict]:
    """Run a command to its end; its files and a hash of what it printed."""
    if is_empty:
        shutil.rmtree(out)
        out.mkdir()
    ended = commands.run(arguments)
    text = "" if name in UNSTABLE else ended.output
    return ended, {
        "status": ended.status,
        "text": hashlib.sha256(text.encode()).hexdigest(),
        "files": commands.hash_folder(out),
        "seconds": ended.seconds,
    }


def compare(name: str, expected: dict, found: dict) -> list[str]:
    """Differences of a run from the first one."""
    faults = commands.compare_folders(expected["files"], found["files"])
    if found["status"] != expected["status"]:
        faults.append(f"exit status {found['status']}, not {expected['status']}")
    if found["text"] != expected["text"]:
        faults.append(f"{name} prints another text")
    return faults


def judge_memory(runs: list[dict]) -> list[str]:
    """Commands that need more memory in the second half than in the first."""
    faults = []
    for name in sorted({row["command"] for row in runs}):
        peaks = [row["megabytes"] for row in runs if row["command"] == name]
        if len(peaks) >= 6:
            half = len(peaks) // 2
            first, second = statistics.median(peaks[:half]), statistics.median(peaks[half:])
            if second > 1.1 * first + 10:
                faults.append(f"{name}: memory grew from {first:.0f} to {second:.0f} MB")
    return faults


def judge_rounds(rounds: list[dict]) -> list[str]:
    """Growth or changed results of the process that calls the library."""
    if len(rounds) < 8:
        return [] if rounds else ["the caller finished no round"]
    quarter = len(rounds) // 4
    early, late = rounds[quarter : 2 * quarter], rounds[-quarter:]
    faults = []
    for key, slack in (("megabytes", 20.0), ("n_open", 0), ("n_threads", 0), ("n_processes", 0)):
        first = max(row[key] for row in early)
        last = min(row[key] for row in late)
        if last > (1.05 * first + slack if key == "megabytes" else first):
            faults.append(f"caller: {key} grew from {first} to {last}")
    if len({row["digest"] for row in rounds}) > 1:
        faults.append("caller: results changed")
    return faults


def print_summary(result: dict) -> None:
    """Table of the commands, and all faults."""
    runs, rounds = result["runs"], result["rounds"]
    for name in sorted({row["command"] for row in runs}):
        own = [row for row in runs if row["command"] == name]
        peaks = [row["megabytes"] for row in own]
        n_stopped = sum(bool(row["signal"]) for row in own)
        print(f"{name:11} {len(own):4d} runs, {n_stopped:3d} stopped first, {min(peaks):.0f} to "
              f"{max(peaks):.0f} MB")  # fmt: skip
    if rounds:
        print(f"caller      {len(rounds):4d} rounds, {rounds[0]['megabytes']:.0f} MB at first, "
              f"{rounds[-1]['megabytes']:.0f} MB at last, {rounds[0]['n_open']} and "
              f"{rounds[-1]['n_open']} open files")  # fmt: skip
    print(f"{len(runs)} runs, {len(result['faults'])} faults.")
    for fault, n_times in Counter(result["faults"]).most_common(40):
        print(f"- {n_times} x {fault[:400]}")


if __name__ == "__main__":
    raise SystemExit(main())
