"""Label files: `load_labels`."""

from random import Random

from mrnet_features.data.mrnet.load import load_labels
from mrnet_features.names import TASKS
from tests.fuzz.cases import Case, Target, require
from tests.fuzz.driver import main
from tests.fuzz.mutation import NUMBERS, mutate

NAMES = tuple(f"train-{task}.csv" for task in TASKS)
TOKENS = (b"0000,0\n", b"0001,1\n", b"_0000,_1\n", b"id,label\n", b"0.0", b"1.0", b"NaN", b"0000")
IDS = ("0000", "0007", "1130", "9999", "7", "00042", "0042.0", "٠٠٠١", " 0003", "exam", "-1", "1e3")


def make(rng: Random) -> Case:
    """Label files of 1 to 60 exams; some are written as spreadsheets do, some are broken."""
    ids = [f"{i:04d}" for i in sorted(rng.sample(range(10_000), rng.choice((1, 3, 60))))]
    labels = {task: {i: rng.randrange(2) for i in ids} for task in TASKS}
    for i in ids:  # a tear is an abnormality
        labels["abnormal"][i] |= labels["acl"][i] | labels["meniscus"][i]
    files = {
        name: "".join(f"{i},{label}\n" for i, label in labels[task].items()).encode()
        for name, task in zip(NAMES, TASKS, strict=True)
    }
    kind, name = rng.random(), rng.choice(NAMES)
    if kind < 0.05:
        return Case(files, {"labels": labels, "is_sound": True})
    if kind < 0.2:  # the same rows in the hands of other programs
        text = files[name].decode()
        files[name] = rng.choice((
            text.encode("utf-8-sig"), text.encode("utf-16"), text.replace("\n", "\r\n").encode(),
            text.replace(",", ";").encode(), text.replace(",", ", ").encode(),
            text.rstrip("\n").encode(), ("\n" + text).encode(), text.replace("\n", "\n\n").encode(),
            "".join(f'"{line}"\n' for line in text.splitlines()).replace(",", '","').encode(),
        ))  # fmt: skip
        return Case(files, {"labels": labels})
    if kind < 0.4:
        rows = [f"{_draw_id(rng)},{rng.choice(NUMBERS).decode()}" for _ in range(rng.randrange(5))]
        lines = files[name].decode().splitlines() + rows
        rng.shuffle(lines)
        text = "\n".join(lines)
        return Case({**files, name: text.encode()}, {})
    for each in rng.sample(NAMES, rng.choice((1, 1, 1, 3))):
        files[each] = mutate(files[each], rng, TOKENS, files[name])
    if rng.random() < 0.02:
        del files[name]
    return Case(files, {})


def _draw_id(rng: Random) -> str:
    return rng.choice(IDS)


def read(folder, case) -> None:
    """Ids have four digits, labels are 0 or 1, and known rows are read as they are."""
    table = load_labels(folder)
    require(list(table.columns) == list(TASKS), "columns differ")
    require(len(table) > 0 and table.index.is_unique, "no exam, or one twice")
    require(
        all(
            isinstance(i, str) and i.isascii() and i.isdigit() and len(i) == 4 for i in table.index
        ),
        "an id is not four digits",
    )
    require((table.dtypes == "int8").all() and table.isin([0, 1]).all(axis=None), "not 0 or 1")
    known = case.facts.get("labels")
    if known and not case.facts.get("is_changed"):
        require(table.to_dict() == known, "labels differ from the rows of the file")
    else:
        for task, name in zip(TASKS, NAMES, strict=True):
            text = case.files[name]
            if isinstance(text, bytes) and b"\0" not in text:
                require(all(i.encode() in text for i in table.index), f"an id is not in {task}")


TARGET = Target(make, read, (ValueError, OSError))

if __name__ == "__main__":
    raise SystemExit(main(__name__))
