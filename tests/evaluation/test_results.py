"""Every result has a summary, a frame, a figure and HTML; a single task gives a single row."""

import dataclasses
import html
import importlib
import inspect
import pkgutil

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

import mrnet_features.evaluation as package
from mrnet_features.evaluation import (
    Result,
    compare,
    compare_tables,
    cross_validate,
    evaluate,
    explain_predictions,
    fill_checklist,
    importance,
    measure_added_value,
    measure_calibration,
    measure_decision_curve,
    measure_exclusion,
    measure_group_gap,
    measure_precision_recall,
    measure_roc,
    measure_subgroups,
    null_importance,
    permutation_test,
    plan_sample_size,
    shuffle_labels,
)
from mrnet_features.evaluation.protocol.folds import Folds
from mrnet_features.evaluation.protocol.holdout import HoldOut
from mrnet_features.models import logistic_baseline


def make_results(tasks):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(160, 5))
    exams = [f"{k:04d}" for k in range(160)]
    labels = pd.DataFrame(
        (X[:, : len(tasks)] + rng.normal(size=(160, len(tasks))) > 0).astype(int), exams, tasks
    )
    # matplotlib reads text between dollar signs as a formula
    name = "axial__knee__f{}__s__mean" if len(tasks) == 1 else "x{} a$\\frac$"
    features = pd.DataFrame(X, exams, [name.format(k) for k in range(5)])
    model = logistic_baseline()
    train, valid = (features[:110], labels[:110]), (features[110:], labels[110:])
    held_out = evaluate(model, train, valid)
    first = cross_validate(model=model, features=features, labels=labels, n_splits=3)
    poor = features.iloc[:, 2:]
    second = cross_validate(model=model, features=poor, labels=labels, folds=first.folds)
    return {
        "Evaluation": first,
        "Scores": first.scores,
        "HoldOut": held_out,
        "Comparison": compare({"all": first, "some": second}, labels),
        "AddedValue": measure_added_value(second, first, labels, n_repeats=1),
        "GroupGap": measure_group_gap(
            model, features, labels, np.arange(160) % 20, n_splits=2, n_repeats=1
        ),
        "Calibration": measure_calibration(first, labels),
        "RocCurves": measure_roc(first, n_draws=20),
        "PrecisionRecall": measure_precision_recall(first, n_draws=20),
        "DecisionCurves": measure_decision_curve(first),
        "Subgroups": measure_subgroups(first, pd.Series(np.arange(160) % 2, exams, name="sex")),
        "Stability": compare_tables(features, {"noise": features + rng.normal(size=X.shape)}),
        "SampleSize": plan_sample_size(0.8, prevalence=0.3, half_width=0.05),
        "PermutationTest": permutation_test(held_out, n_permutations=9),
        "Checklist": fill_checklist(first),
        "Importance": importance(first, features, n_permutations=1),
        "Contributions": explain_predictions(first, features),
        "Exclusion": measure_exclusion(first, exams[:9]),
        "NullImportance": null_importance(first, features, n_rounds=3, n_permutations=1),
        "NegativeControl": shuffle_labels(
            model=model,
            features=features,
            labels=labels,
            n_rounds=3,
            n_splits=3,
            n_repeats=1,
        ),
    }


@pytest.fixture(scope="module", params=[["acl", "men$\\frac$"], ["acl"]], ids=["two", "one"])
def results(request):
    return request.param, make_results(request.param)


def list_subclasses(base):
    return {base} | {c for child in base.__subclasses__() for c in list_subclasses(child)}


def test_all_result_classes_are_tested(results):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    found = {
        c.__name__ for c in list_subclasses(Result) if c.__module__.startswith(package.__name__)
    }
    assert found - {"Result"} == set(results[1])


def test_every_result_keeps_the_protocol(results):
    for name, result in results[1].items():
        for table in (result.summary(), result.frame()):
            assert isinstance(table, pd.DataFrame), name
            assert len(table), name
            column = table.columns[-1]
            table[column] = "changed"
            assert not result.summary().isin(["changed"]).any(axis=None), name
            assert not result.frame().isin(["changed"]).any(axis=None), name
        assert isinstance(result.plot(), Axes), name
        assert result.plot(result.plot()).figure is not None, name
        with pytest.raises(TypeError, match="`axes` must be matplotlib Axes, got 'acl'"):
            result.plot("acl")
        assert "<table" in result._repr_html_(), name
        assert repr(result).startswith(f"{name}("), name
        assert len(repr(result)) < 250, name


def test_a_task_that_a_result_lacks_is_refused(results):
    tasks, found = results
    with_tasks = [r for r in found.values() if "task" in inspect.signature(r.plot).parameters]
    assert len(with_tasks) == 9
    for result in with_tasks:
        assert isinstance(result.plot(task=tasks[0]), Axes)
        with pytest.raises(ValueError, match="`task` must be one of 'acl'.*, got 'acll'"):
            result.plot(task="acll")


def describe_handle(handle):
    """What is left of a legend's entry without its colour."""
    line = handle.lines[0] if hasattr(handle, "lines") else handle
    if hasattr(line, "get_marker"):
        return line.get_linestyle(), line.get_marker(), getattr(line, "_dash_pattern", None)
    patch = line[0] if isinstance(line, tuple) else line
    red, green, blue, _ = patch.get_facecolor()
    return patch.get_hatch() or "", round(0.3 * red + 0.6 * green + 0.1 * blue)


def test_every_figure_can_be_read_in_grey(results):
    for name, result in results[1].items():
        axes = result.plot()
        legend = axes.get_legend()
        if legend is not None:
            handles = axes.get_legend_handles_labels()[0]
            if len(handles) != len(legend.legend_handles):  # made for the legend alone
                handles = legend.legend_handles
            looks = [describe_handle(handle) for handle in handles]
            assert len(looks) == len(set(map(str, looks))), name
        by_look = {}
        for line in axes.get_lines():
            look = (line.get_linestyle(), line.get_marker(), str(line._dash_pattern))
            by_look.setdefault(look, set()).add(str(line.get_color()))
        colours = {look: found for look, found in by_look.items() if look[1] not in ("|", "_")}
        for look, found in colours.items():
            chromatic = [colour for colour in found if colour.startswith(("#", "tab", "C"))]
            assert len(chromatic) <= 1, (name, look)


def test_no_text_of_a_figure_is_cut_off(results):
    for name, result in results[1].items():
        axes = result.plot()
        figure = axes.figure
        figure.draw_without_rendering()
        box = axes.get_tightbbox()
        assert box.x0 >= -1, name
        assert box.y0 >= -1, name
        assert box.x1 <= figure.bbox.x1 + 1, name
        assert box.y1 <= figure.bbox.y1 + 1, name


def test_one_task_gives_one_row_and_several_give_their_mean(results):
    tasks, found = results
    rows = [*tasks, "mean"] if len(tasks) > 1 else tasks
    for name in ("Evaluation", "Scores", "HoldOut", "AddedValue"):
        assert found[name].summary().index.tolist() == rows, name
    assert found["Comparison"].summary()["task"].tolist() == rows
    assert found["Comparison"].frame().index.get_level_values("task").tolist() == rows * 2
    assert list(dict.fromkeys(found["Importance"].frame()["task"])) == rows
    assert found["Scores"].frame().columns.tolist() == ["repeat", "fold", "n_exams", *rows]
    assert found["Evaluation"].influence().columns.tolist() == rows
    for name in ("Evaluation", "Scores", "HoldOut", "Comparison", "Importance"):
        assert found[name].headline == rows[-1], name
    assert found["Comparison"].summary()["p_holm"].notna().all()


def test_frames_list_score_and_label_of_every_exam(results):
    tasks, found = results
    evaluation, holdout = found["Evaluation"], found["HoldOut"]
    frame = evaluation.frame()
    assert frame.columns.tolist() == ["exam", "repeat", "fold", "task", "score", "label"]
    assert len(frame) == 3 * 160 * len(tasks)  # three repeats
    for row in frame.sample(20, random_state=0).itertuples():
        assert row.label == evaluation.labels.loc[row.exam, row.task]
        own = evaluation.predictions.set_index(["exam", "repeat"]).loc[(row.exam, row.repeat)]
        assert (row.score, row.fold) == (own[row.task], own["fold"])
    assert holdout.frame().columns.tolist() == ["exam", "task", "score", "label"]
    assert len(holdout.frame()) == 50 * len(tasks)


def test_html_says_the_main_auc_and_explains_its_columns(results):
    tasks, found = results
    row = found["HoldOut"].summary().iloc[-1]
    text = html.unescape(found["HoldOut"]._repr_html_())
    name = "Mean AUC of 2 tasks" if len(tasks) == 2 else "AUC of acl"
    ends = f"{row['ci_low']:.3f} to {row['ci_high']:.3f}"
    assert f"<p>{name}: {row['auc']:.3f}, 95 % interval {ends}.</p>" in text
    assert f"<td>{ends}</td>" in text
    assert "<code>prevalence_train</code>: fraction of positive exams among those" in text
    assert ("<p>AUC of acl: " in found["RocCurves"]._repr_html_()) == (len(tasks) == 1)
    assert "Fewest positive exams in a fold: acl " in found["Evaluation"]._repr_html_()


def test_html_of_a_run_says_what_weakens_it(results):
    run = results[1]["Evaluation"]
    assert "One partition" not in run._repr_html_()
    once = Folds(run.folds.frame[run.folds.frame["repeat"] == 0])
    single = dataclasses.replace(
        run,
        folds=once,
        predictions=run.predictions[run.predictions["repeat"] == 0],
        fit_labels=run.labels,
        groups=pd.Series(range(160), run.labels.index) // 2,
        implications=(("acl", "<script>"),),
    )
    text = single._repr_html_()
    assert "One partition into folds does not show" in text
    assert "fitted on other labels" in text
    assert "not taken as independent: 80 groups" in text
    assert "acl implies &lt;script&gt;" in text
    assert repr(single).endswith(", coherent)")


def test_the_note_on_one_partition_is_there_where_the_interval_says_so(results):
    """Two repeats of equal folds show nothing of the training exams, folds of one site do."""
    run = results[1]["Evaluation"]
    rows = run.predictions[run.predictions["repeat"] == 0]
    twice = pd.concat([rows, rows.assign(repeat=1)], ignore_index=True)
    keys = ["exam", "repeat", "fold"]
    equal = dataclasses.replace(run, predictions=twice, folds=Folds(twice[keys]))
    sites = rows.set_index("exam")["fold"].loc[run.labels.index]
    by_site = dataclasses.replace(run, predictions=rows, folds=Folds(rows[keys]), groups=sites)
    for found, is_given in ((run, False), (equal, True), (by_site, False)):
        assert (found.summary()["interval"] == "fitted models given").all() == is_given
        assert any("One partition" in note for note in found._list_notes()) == is_given


def test_a_held_out_split_without_positives_is_shown_without_scores():
    labels = pd.DataFrame({"acl": [0, 0]}, index=["a", "b"])
    text = HoldOut(labels, labels * 0.5, {}, labels)._repr_html_()
    assert "HoldOut(2 exams, fitted on 2 others, tasks acl)" in text
    assert "No summary: `valid` must hold at least 2 exams of each class" in text


def test_reprs_are_one_short_line_whatever_the_names():
    names = [f"task {k}\n\x1b[2J" + "x" * 1000 for k in range(200)]
    labels = pd.DataFrame(0, index=["a", "b"], columns=names)
    line = repr(HoldOut(labels, labels * 0.5, {}, labels))
    assert line.isprintable()
    assert len(line) < 200


def test_html_is_escaped():
    class Odd(Result):
        def summary(self):
            return pd.DataFrame({"<b>": ["<script>"]})

        def _list_notes(self):
            return ["<img src=x>"]

        frame = plot = summary

        def __repr__(self):
            return "Odd(<i>)"

    text = Odd()._repr_html_()
    assert "<script>" not in text
    assert "<i>" not in text
    assert "<img" not in text
    assert "<b>" not in text
