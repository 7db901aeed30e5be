# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A family of your own
#
# A family counts pixels and turns the counts into statistics. This notebook writes one that looks
# for a Baker's cyst: bright fluid behind the joint. It checks the family, puts it into words, and
# shows the pixels behind its value. The knees are synthetic, so we know where the cyst lies.

# %%
from dataclasses import dataclass
from typing import ClassVar

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import mrnet_features as mf
from mrnet_features.counts.histogram import histogram
from mrnet_features.families.base import Family, Words, divide, namespace
from mrnet_features.synthetic import Pathology, draw_knee, find_lesions
from mrnet_features.testing import check_family

# %% [markdown]
# ## Count and describe
#
# `count` returns whole numbers: here a histogram of each slice and region, of shape (slices,
# regions, 256). `describe` returns a value per slice and region. `region_sets` says which parts of
# the knee are described: the recesses where fluid collects, one of them behind the joint.


# %%
@dataclass(frozen=True)
class Cyst(Family):
    """Bright pixels in the recesses of the joint.

    ========= ======================= ======== =====
    statistic formula                 unit     range
    ========= ======================= ======== =====
    share     pixels >= T / pixels    fraction 0..1
    ========= ======================= ======== =====

    NaN where the region has no pixel.

    Parameters
    ----------
    threshold : int, default 200
        T, a grey level.
    """

    name: ClassVar[str] = "cyst"
    planes: ClassVar[tuple[str, ...]] = ("axial", "sagittal")
    region_sets: ClassVar[tuple[str, ...]] = ("recesses",)
    words: ClassVar[dict[str, Words]] = {
        "share": Words("pixels from grey level {threshold} up", higher="more bright fluid")
    }

    threshold: int = 200

    def count(self, stack):
        return histogram(stack)

    def describe(self, counts):
        xp = namespace(counts)  # NumPy, or CuPy on a GPU
        bright = xp.sum(counts[..., self.threshold :], axis=-1)
        return {"share": divide(bright, xp.sum(counts, axis=-1))}

    def find_pixels(self, stack, statistic):  # noqa: ARG002
        return stack.grey >= self.threshold  # those outside the region are ignored


# %% [markdown]
# `find_pixels` is the mark: it says which pixels give the value. Without it, a family marks the
# whole region.
#
# ## Check it
#
# `check_family` tries blank, saturated, narrow and one-pixel stacks, batches of exams, mirrored
# knees, and marks.

# %%
check_family(Cyst())

# %% [markdown]
# A check fails with a sentence that says what to change. This family takes the difference to the
# slice before.


# %%
@dataclass(frozen=True)
class Step(Cyst):
    """Change from the slice before.

    ========= =========================== ======== ======
    statistic formula                     unit     range
    ========= =========================== ======== ======
    step      share - share one slice ago fraction -1..1
    ========= =========================== ======== ======

    NaN where the region has no pixel.
    """

    name: ClassVar[str] = "step"

    def describe(self, counts):
        share = super().describe(counts)["share"]
        return {"step": np.diff(share, axis=0, prepend=share[:1])}


try:
    check_family(Step())
except AssertionError as error:
    print(error)

# %% [markdown]
# ## Extract
#
# An instance goes wherever the name of a family goes. Its columns are named like all others. Eight
# knees with a cyst of 6 to 20 ml and eight without:

# %%
rng = np.random.default_rng(3)
knees, millilitres, lesions = [], [], []
for index in range(16):
    ml = float(rng.uniform(6, 20)) if index % 2 else 0.0
    pathology = Pathology(labels=(int(ml > 0), 0, 0), effusion_ml=6.0, baker_ml=ml)
    knees.append(draw_knee(11, index=index, pathology=pathology))
    millilitres.append(ml)
    lesions.append(find_lesions(11, index=index, pathology=pathology))
families = ["fluid", Cyst()]
extractor = mf.FeatureExtractor(families, planes=("axial", "sagittal"))
features = extractor.fit_transform([knee.stacks for knee in knees])
own = [column for column in features if mf.parse_name(column).family == "cyst"]
features[own].iloc[:4, :4]

# %% [markdown]
# ## In words
#
# `words` gives phrases for plots and the viewer; unit and range come from the table in the
# docstring.

# %%
column = "axial__back__cyst__share__top3"
mf.describe_columns([column], families).loc[column].to_dict()

# %% [markdown]
# ## Where the value comes from
#
# The value, here the mean of the three highest slices, hardly tells knees with a cyst from those
# without. What is bright there?


# %%
def draw_values(columns):
    figure, axes = plt.subplots(1, len(columns), figsize=(4.5 * len(columns), 3), squeeze=False)
    for axis, name in zip(axes.flat, columns, strict=True):
        axis.plot(millilitres, features[name], "o")
        axis.set(xlabel="cyst in ml", ylabel="bright share behind the joint")
        axis.set_title(mf.parse_name(name).family)
        axis.grid(alpha=0.3)
    figure.tight_layout()


draw_values([column])

# %% [markdown]
# The mark answers. Yellow are the pixels that give the value, on the highest slice; dashed red is
# where the cyst lies.


# %%
def find_mark(index, name):
    mark = mf.find_marks(knees[index].stacks, name, families=families)[name]
    outline = next(part.outline for part in mark.slices if part.slice == mark.best_slice)
    masks = [found.masks["axial"] for found in lesions[index] if found.lesion == "baker"]
    cyst = masks[0][mark.best_slice] if masks else np.zeros_like(outline)
    return mark, outline, cyst


def draw_marks(name):
    highest = features[name].where(np.array(millilitres) == 0).argmax()
    axes = plt.subplots(1, 2, figsize=(8, 4.4), layout="constrained")[1]
    for axis, index in zip(axes, (int(np.argmax(millilitres)), highest), strict=True):
        mark, outline, cyst = find_mark(index, name)
        axis.imshow(knees[index].stacks["axial"][mark.best_slice], cmap="gray", vmin=0, vmax=255)
        for pixels, colour, line in ((outline, "yellow", "-"), (cyst, "red", "--")):
            if pixels.any():
                axis.contour(pixels, [0.5], colors=colour, linewidths=1.2, linestyles=line)
        axis.set_title(f"{millilitres[index]:.0f} ml, slice {mark.best_slice}: {mark.value:.3f}")
        axis.axis("off")


draw_marks(column)

# %% [markdown]
# Muscle, cartilage and vessels are marked. Free fluid is brighter than muscle and cartilage, so a
# higher threshold should help. Its parameter becomes part of the name.

# %%
families = ["fluid", Cyst(), Cyst(threshold=250)]
extractor = mf.FeatureExtractor(families, planes=("axial", "sagittal"))
features = extractor.fit_transform([knee.stacks for knee in knees])
better = "axial__back__cyst_threshold250__share__top3"
draw_values([column, better])

# %%
draw_marks(better)

# %% [markdown]
# `find_lesions` gives the pixels of each synthetic lesion, so a mark can be measured: the share of
# the marked pixels that lie in the cyst, on the slice that the mark shows.

# %%
inside = {}
for name in (column, better):
    found = [find_mark(index, name) for index in range(1, 16, 4)]
    inside[name] = [(outline & cyst).sum() / outline.sum() for _, outline, cyst in found]
pd.DataFrame(inside, index=[f"{millilitres[index]:.1f} ml" for index in range(1, 16, 4)]).round(2)

# %% [markdown]
# Slice by slice, in the knee with the largest cyst:

# %%
largest = int(np.argmax(millilitres))
slices = mf.describe_slices(knees[largest].stacks, Cyst(threshold=250), planes=("axial",))
figure, axis = plt.subplots(figsize=(6, 2.5), layout="constrained")
axis.plot(slices.loc["axial", "back__cyst_threshold250__share"])
_ = axis.set(xlabel="slice", ylabel="bright share behind the joint")
