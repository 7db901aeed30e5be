"""Computed answers follow the run; what a run does not hold stays open; users are quoted."""

import functools

import numpy as np
import pytest

from mrnet_features.evaluation import compare, cross_validate, evaluate, fill_checklist
from mrnet_features.evaluation.checklists.evidence import collect_evidence
from mrnet_features.evaluation.checklists.fill import FACTS
from mrnet_features.models import logistic_baseline
from tests.support.full_runs import make_full_runs, make_plain_run, make_table


def read_row(filled, name):
    checklist, _, number = name.partition(" ")
    frame = filled.frame()
    return frame[(frame["checklist"] == checklist) & (frame["item"] == number)].iloc[0]


@functools.cache
def list_all_answers():
    evidence = [collect_evidence(results, features, 0) for results, features in make_full_runs()]
    return [{name: answer(each) for name, answer in FACTS.items()} for each in evidence]


@pytest.mark.parametrize("fact", sorted(FACTS))
def test_every_computed_answer_changes_with_the_run(fact):
    first, second = (answers[fact].text for answers in list_all_answers())
    assert first
    assert second
    assert first != second


def test_a_full_run_answers_every_item_that_has_a_fact():
    for results, features in make_full_runs():
        filled = fill_checklist(*results, features=features)
        assert filled.summary()["computed"].tolist() == [17, 10, 15]
        assert filled.summary()["open"].tolist() == [41, 42, 29]


def test_bare_predictions_answer_nothing():
    run, _ = make_plain_run()
    fixed = run.predictions.groupby("exam")[["acl", "meniscus"]].mean()
    for rows in (run.predictions, fixed):
        filled = fill_checklist(rows)
        assert filled.summary()["open"].tolist() == [58, 52, 44]
        assert (filled.frame()["to_do"] != "").all()
        assert (filled.frame()["answer"] == "").all()


def test_a_run_without_groups_does_not_say_that_patients_are_apart():
    plain = fill_checklist(make_plain_run()[0])
    row = read_row(plain, "CLAIM 20")
    assert row["state"] == "open"
    assert "no groups" in row["to_do"]
    assert "no groups" in read_row(plain, "CLEAR 15")["to_do"]
    grouped = fill_checklist(make_full_runs()[0][0][0])
    assert "belong to 60 groups" in read_row(grouped, "CLAIM 20")["answer"]


@pytest.mark.parametrize(
    ("position", "names"),
    [
        (1, ["TRIPOD+AI 12e"]),
        (2, ["CLEAR 41"]),
        (3, ["CLEAR 43", "CLAIM 31"]),
    ],
)
def test_what_was_not_measured_stays_open(position, names):
    results, features = make_full_runs()[0]
    rest = results[:position] + results[position + 1 :]
    whole, without = (fill_checklist(*given, features=features) for given in (results, rest))
    changed = whole.frame()["state"] != without.frame()["state"]
    found = without.frame()[changed]
    assert (found["checklist"] + " " + found["item"]).tolist() == names
    assert (found["state"] == "open").all()


def test_without_calibration_every_answer_on_performance_asks_for_it():
    filled = fill_checklist(make_plain_run()[0])
    for name in ("CLEAR 39", "CLEAR 40", "CLEAR 47", "TRIPOD+AI 23a", "CLAIM 37"):
        row = read_row(filled, name)
        assert "Calibration is open" in row["to_do"], name
        assert "Brier" not in row["answer"], name


def test_missing_values_stay_open_without_the_features():
    results, features = make_full_runs()[0]
    row = read_row(fill_checklist(*results), "CLEAR 29")
    assert row["state"] == "open"
    assert "features=" in row["to_do"]
    row = read_row(fill_checklist(*results, features=features), "CLEAR 29")
    assert "3 of 720 values" in row["answer"]
    assert "in 1 of 6 columns and 3 exams" in row["answer"]


def test_the_users_words_are_quoted_as_the_users():
    said = {"CLEAR 8": "Approved,\n  file 7.", "TRIPOD+AI 18a": "None.", "clear 41": "No test."}
    filled = fill_checklist(make_plain_run()[0], stated=said)
    assert read_row(filled, "CLEAR 8")[["state", "answer", "to_do"]].tolist() == [
        "stated",
        "Stated by the user: “Approved, file 7.”",
        "",
    ]
    assert filled.summary()["stated"].tolist() == [2, 1, 0]
    row = read_row(filled, "CLEAR 41")
    assert row["state"] == "stated"
    assert row["to_do"].startswith("Not confirmed by the run.")


def test_a_statement_does_not_replace_a_computed_answer():
    run, _ = make_plain_run()
    plain = read_row(fill_checklist(run), "CLEAR 47")
    row = read_row(fill_checklist(run, stated={"CLEAR 47": "AUC 0.99"}), "CLEAR 47")
    assert row["state"] == "computed"
    assert row["answer"] == f"{plain['answer']} Stated by the user: “AUC 0.99”"


def test_control_characters_and_html_of_statements_are_escaped():
    filled = fill_checklist(
        make_plain_run()[0], checklist="CLAIM", stated={7: "<script>\x1b[2J\u202e"}
    )
    assert "\x1b" not in read_row(filled, "CLAIM 7")["answer"]
    assert "\u202e" not in read_row(filled, "CLAIM 7")["answer"]
    assert "<script>" not in filled._repr_html_()


def test_html_holds_every_answer_uncut():
    filled = fill_checklist(make_plain_run()[0], stated={"CLEAR 8": "long " * 100 + "end"})
    text = filled._repr_html_()
    assert "long end" in text
    assert text.count("<tr") == 154 + 1 + 3 + 1


@pytest.mark.parametrize(
    ("stated", "error", "match"),
    [
        ({"CLEAR 60": "x"}, ValueError, "Nearest: 'CLEAR 58'"),
        ({"CLAIM 3": "x"}, ValueError, "must name items of CLEAR,"),
        ({"8": "  "}, ValueError, "must not be empty for CLEAR 8"),
        ({"8": "x", "CLEAR 8": "y"}, ValueError, "each item once, got CLEAR 8 twice"),
        ({"8": True}, TypeError, "text for CLEAR 8, got bool"),
        (["8"], TypeError, "must be a mapping of item to text"),
    ],
)
def test_wrong_statements_are_refused(stated, error, match):
    with pytest.raises(error, match=match):
        fill_checklist(make_plain_run()[0], checklist="CLEAR", stated=stated)


def test_wrong_arguments_are_refused():
    run, _ = make_plain_run()
    with pytest.raises(ValueError, match="must hold a result"):
        fill_checklist()
    with pytest.raises(ValueError, match="must be 'all' or one of 'CLEAR', 'TRIPOD.AI', 'CLAIM'"):
        fill_checklist(run, checklist="STARD")


def test_bars_are_as_long_as_the_counts():
    filled = fill_checklist(make_plain_run()[0], stated={"CLEAR 8": "Exempt."})
    drawn = filled.plot()
    widths = [bar.get_width() for bar in drawn.patches]
    assert widths == filled.summary()[["computed", "stated", "open"]].T.to_numpy().ravel().tolist()


def test_one_checklist_can_be_chosen():
    filled = fill_checklist(make_plain_run()[0], checklist="TRIPOD+AI")
    assert filled.summary().index.tolist() == ["TRIPOD+AI"]
    assert len(filled.frame()) == 52
    assert filled.summary()["n_items"].tolist() == [52]
    assert "TRIPOD+AI" in repr(filled)


def test_a_comparison_alone_gives_counts_aucs_and_tests():
    run, features = make_plain_run()
    poor = cross_validate(logistic_baseline(), features.iloc[:, 2:], run.labels, folds=run.folds)
    filled = fill_checklist(compare({"all": run, "two less": poor}))
    frame = filled.frame()
    found = frame[frame["state"] == "computed"]
    names = set(found["checklist"] + " " + found["item"])
    assert {"CLEAR 41", "CLEAR 47", "TRIPOD+AI 21", "CLAIM 37"} <= names
    assert not {"CLEAR 15", "CLEAR 34", "CLAIM 20", "TRIPOD+AI 12e"} & names
    assert "'two less', 'acl'" in read_row(filled, "CLEAR 47")["answer"]


def test_a_held_out_split_does_not_say_how_it_was_drawn():
    features, labels, groups = make_table()
    parts = (features[:80], labels[:80]), (features[80:], labels[80:])
    holdout = evaluate(logistic_baseline(), *parts, groups=groups)
    filled = fill_checklist(holdout, features=features)
    for name in (
        "CLEAR 15",
        "CLEAR 30",
        "CLEAR 38",
        "CLAIM 19",
        "CLAIM 20",
        "CLAIM 32",
        "TRIPOD+AI 12c",
    ):
        assert read_row(filled, name)["state"] == "open", name
    assert "Fitted on 80 exams" in read_row(filled, "TRIPOD+AI 21")["answer"]
    assert "Scored on 40 exams" in read_row(filled, "TRIPOD+AI 21")["answer"]
    assert "None of the 720 values" in read_row(filled, "CLEAR 29")["answer"]


def test_the_figures_are_those_of_the_run():
    run, _ = make_plain_run(n_repeats=2)
    filled = fill_checklist(run)
    row = run.summary().loc["acl"]
    shown = f"'acl' {row['auc']:.3f} ({row['ci_low']:.3f} to {row['ci_high']:.3f})"
    assert shown in read_row(filled, "CLEAR 47")["answer"]
    split = read_row(filled, "CLEAR 15")["answer"]
    assert run.folds.hash in split
    assert "2 repeats" in split
    positive = int(run.labels["acl"].sum())
    assert f"{positive} of 120 exams of 'acl'" in read_row(filled, "TRIPOD+AI 21")["answer"]


def test_an_exam_without_a_label_is_counted_as_such():
    run, features = make_plain_run()
    labels = run.labels.astype(float)
    labels.iloc[:3, 0] = np.nan
    partly = type(run)(labels, run.predictions, run.folds, run.models)
    partly.__dict__["scores"] = run.scores  # only the labels matter here
    answer = read_row(fill_checklist(partly, features=features), "CLAIM 12")["answer"]
    assert answer.startswith("3 of 120 exams have no label of 'acl'.")
