"""Why an exam has no row, in words and in a file that is known again."""

from mrnet_features.extraction.engines.failures import (
    Failure,
    explain_failure,
    is_failures_file,
    write_failures,
)
from mrnet_features.files.csv_files import read_table


def test_the_file_is_safe_in_a_spreadsheet_and_known_again(tmp_path):
    path = tmp_path / "table.errors.csv"
    assert not is_failures_file(path)
    error = explain_failure(ValueError("=1+1\nsecond\x1b[2J line" + "x" * 5000))
    write_failures({"0001": error, "-2": Failure("axial", "Glcm()", "short")}, path)
    assert is_failures_file(path)
    text = path.read_text()
    assert "'=1+1 second\\x1b[2J line" in text
    assert "'-2,axial,Glcm(),short\n" in text
    rows = read_table(path)
    assert rows["exam"].tolist() == ["0001", "-2"]
    assert rows["error"].str.len().max() == 1000
    path.write_text("exam,plane\n")
    assert not is_failures_file(path)


def test_an_error_without_a_message_has_the_name_of_its_kind():
    assert explain_failure(RuntimeError()).error == "RuntimeError"
    assert explain_failure(KeyError("no plane")).error == "no plane"


def test_a_failure_names_the_series():
    error = ValueError("no slice")
    error.add_note("while reading exam '0042', series 'sagittal_fluid'")
    assert explain_failure(error) == Failure("sagittal_fluid", "", "no slice")
