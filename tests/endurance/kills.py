"""Stop a command at random moments, run it again, and compare with an undisturbed run."""

import argparse
import json
import re
import shutil
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from tests.endurance import commands

STATUSES = {"KILL": {-9}, "INT": {130, -2}, "TERM": {143, -15}}
"""Exit statuses of a stopped command by signal; a shell shows -2 as 130 and -15 as 143. Python ends
itself with -2 if Ctrl-C came while `exec` ran text, as it does for each dataclass, also if the
exception was handled."""
STOPPED = "Stopped"
"""Word of the message after Ctrl-C."""


def main() -> int:
    """Command line; exit status 1 if any try shows a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance.kills")
    parser.add_argument("--command", choices=("extract", "knees", "reproduce"), required=True)
    parser.add_argument("--signal", choices=tuple(STATUSES), required=True)
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="file of all tries to write")
    given = parser.parse_args()
    commands.exit_on_terminate()
    with tempfile.TemporaryDirectory(prefix="endurance-") as work:
        tries = stop_often(given.command, given.signal, given.times, given.seed, Path(work))
    failed = sum(bool(row["faults"]) for row in tries)
    print(f"{given.command} {given.signal}: {len(tries) - failed} of {len(tries)} tries right.")
    kinds = Counter(
        kind
        for row in tries
        for kind in {re.sub(r"[\w-]*\d[\w-]*", "#", fault) for fault in row["faults"]}
    )
    for fault, n_times in kinds.most_common(20):
        print(f"- in {n_times} tries: {fault}")
    if given.json:
        given.json.write_text(json.dumps(tries, indent=1) + "\n", encoding="utf-8")
    return int(failed > 0)


def stop_often(command: str, name: str, times: int, seed: int, work: Path) -> list[dict]:
    """Stop a command so many times, each at another moment, and finish it each time.

    Parameters
    ----------
    command : {"extract", "knees", "reproduce"}
    name : {"KILL", "INT", "TERM"}
    times : int
    seed : int
        Seed of the moments.
    work : Path
        Folder to work in.

    Returns
    -------
    list of dict
        Per try: when the signal was sent, exit status, seconds until all processes had ended, and
        faults.
    """
    rng = Random(seed)
    root = commands.write_exams(work / "exams") if command != "knees" else work
    out = work / "out"
    for _ in range(2):  # the first run also fills the caches of compiled code
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        arguments = commands.list_arguments(command, root, out)
        whole = commands.run(arguments)
        if whole.status != 0 or whole.list_faults():
            raise SystemExit(f"The undisturbed run fails: {whole.list_faults()} {whole.output}")
    expected = commands.hash_folder(out)
    print(
        f"{command}: {len(expected)} files in {whole.seconds:.1f} s without a signal.", flush=True
    )
    tries = []
    for number in range(times):
        shutil.rmtree(out)
        out.mkdir()
        moment = rng.uniform(0.0, whole.seconds)
        row = _stop_once(command, name, moment, arguments, out)
        row["faults"] += commands.compare_folders(expected, commands.hash_folder(out))
        row["faults"] = [_shorten(fault) for fault in row["faults"]]
        tries.append({"number": number, **row})
        print(
            f"{number:3d}  {name} at {moment:5.1f} s  status {row['status']:4d}  ended after "
            f"{row['seconds_to_end']:4.1f} s  again {row['seconds_again']:5.1f} s  "
            f"{'; '.join(row['faults']) or 'right'}",
            flush=True,
        )
    return tries


def _stop_once(command: str, name: str, moment: float, arguments: list[str], out: Path) -> dict:
    """Send the signal at a moment; then run the command to its end."""
    disturbed = commands.Run(arguments)
    if disturbed.wait(moment):
        sent = time.monotonic()
        is_stopped = False
    else:
        disturbed.send(signal.Signals[f"SIG{name}"])
        sent = time.monotonic()
        is_stopped = True
    ended = disturbed.end(commands.SECONDS_TO_END)
    seconds = time.monotonic() - sent
    faults = ended.list_faults()
    if is_stopped and ended.status == 0 and seconds > 2.0:
        faults.append(f"it went on for {seconds:.1f} s after {name}")
    if is_stopped and ended.status != 0:  # 0: it had just finished
        # a signal before Python has loaded the package can't be handled by it
        is_early = "/mrnet_features/" not in ended.output and STOPPED not in ended.output
        is_early = is_early and ended.status in (-2, 1, 130) and moment < 1.0
        if ended.status not in STATUSES[name] and not is_early:
            faults.append(f"exit status {ended.status} after {name}")
        if name == "INT" and STOPPED not in ended.output and not is_early:
            faults.append(f"no message after Ctrl-C: {ended.output[-200:]!r}")
    again = commands.run(arguments)
    if again.status != 0:
        faults.append(f"the next run ends with {again.status}: {again.output.strip()[-300:]}")
    faults += [f"next run: {fault}" for fault in again.list_faults()]
    return {
        "moment": round(moment, 3),
        "is_stopped": is_stopped,
        "status": ended.status,
        "seconds_to_end": round(seconds, 2),
        "seconds_again": round(again.seconds, 2),
        "faults": faults,
    }


def _shorten(fault: str) -> str:
    return fault if len(fault) < 400 else fault[:400] + " ..."


if __name__ == "__main__":
    raise SystemExit(main())
