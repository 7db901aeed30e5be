"""Compiled functions keep their results, and the checksum follows the sources."""

import shutil
from pathlib import Path

from mrnet_features.synthetic import compiled as module
from mrnet_features.synthetic.compiled import cached, compiled, source_stamp


@compiled
def double(x: float) -> float:
    return 2.0 * x


def test_compiled_functions_call_each_other():
    @cached
    def double_twice(x: float) -> float:
        return double(double(x))

    assert double(1.5) == 3.0
    assert double_twice(1.5) == 6.0


def test_the_checksum_changes_with_every_edit(tmp_path, monkeypatch):
    for path in Path(module.__file__).parent.glob("*.py"):
        shutil.copy(path, tmp_path)
    before = source_stamp()
    monkeypatch.setattr(module, "__file__", str(tmp_path / "compiled.py"))
    assert source_stamp() == before
    with (tmp_path / "render.py").open("a") as file:
        file.write("# edited\n")
    assert source_stamp() != before
