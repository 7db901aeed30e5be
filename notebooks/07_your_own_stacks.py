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
# # Your own stacks, without MRNet
#
# The library needs arrays, not a data set: one stack of slices per plane, and a table of labels.
# This notebook starts from folders of 16-bit pictures, as an export from an archive gives them.
# They are made here from synthetic knees; put the path of your own folders in `root`. One plane is
# enough.

# %%
from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from PIL import Image

import mrnet_features as mf
from mrnet_features.synthetic import Style, draw_knee

root = Path(mkdtemp())

# %% [markdown]
# ## Pictures to read
#
# Twenty-four patients were scanned twice: on an older scanner with more noise, and again on a newer
# one. Each scan is a folder of 16-bit PNG files, one per slice. The scale of the grey levels is
# arbitrary and differs from scan to scan, as in MRI.

# %%
scanners = {
    "a": Style(drawn_pixels=96, noise_low=7.0, noise_high=9.0),
    "b": Style(drawn_pixels=128),
}
rng = np.random.default_rng(0)
rows = []
for patient in range(24):
    for visit, style in scanners.items():
        knee = draw_knee(5, index=patient, style=style)
        folder = root / f"p{patient:02d}{visit}"
        folder.mkdir()
        scale = rng.uniform(4, 40)
        for number, picture in enumerate(knee.stacks["sagittal"]):
            Image.fromarray((scale * picture).astype(np.uint16)).save(folder / f"{number:03d}.png")
        rows.append({"exam": folder.name, "patient": f"p{patient:02d}", **knee.truth})
pd.DataFrame(rows).to_csv(root / "reports.csv", index=False)
sorted(path.name for path in root.iterdir())[:4], len(list(root.glob("*/*.png")))

# %% [markdown]
# ## From pictures to stacks
#
# A stack is an array of slices, rows and columns. Sort the files by the position of the slice;
# names with leading zeros are in order as they are. `to_uint8` scales any range to 0 to 255, with
# one scale for the whole stack, so that slices stay comparable.


# %%
def read_stack(folder):
    files = sorted(folder.glob("*.png"))
    return mf.to_uint8(np.stack([np.asarray(Image.open(file)) for file in files]))


folders = sorted(path for path in root.iterdir() if path.is_dir())
exams = [{"sagittal": read_stack(folder)} for folder in folders]
raw = np.asarray(Image.open(sorted(folders[0].glob("*.png"))[12]))
raw.dtype, int(raw.max()), exams[0]["sagittal"].dtype, exams[0]["sagittal"].shape

# %% [markdown]
# Always look at what was read. The femur must be on top, air must be dark, and the picture must be
# neither mirrored top to bottom nor washed out.

# %%
figure, axes = plt.subplots(1, 4, figsize=(11, 3), layout="constrained")
for axis, folder, exam in zip(axes, folders, exams, strict=False):
    stack = exam["sagittal"]
    axis.imshow(stack[len(stack) // 2], cmap="gray", vmin=0, vmax=255)
    axis.set_title(folder.name)
    axis.axis("off")

# %% [markdown]
# What if the conversion goes wrong? Extraction warns about a stack that looks wrong: here fractions
# from 0 to 1 that were cast to whole numbers, and an inverted picture.

# %%
import warnings

cast = (exams[0]["sagittal"] / 255.0).astype(np.uint8)
inverted = 255 - exams[0]["sagittal"]
with warnings.catch_warnings(record=True) as found:
    warnings.simplefilter("always")
    mf.FeatureExtractor("minimal", planes=("sagittal",)).fit_transform(
        [{"sagittal": cast}, {"sagittal": inverted}]
    )
for warning in found:
    print(warning.message)

# %% [markdown]
# ## Labels
#
# A table with the exam as index and a column of 0 and 1 per task. The names of the tasks are yours.

# %%
reports = pd.read_csv(root / "reports.csv", index_col="exam")
labels = pd.DataFrame({"effusion": (reports["effusion_ml"] > 10).astype(int)})
labels["effusion"].value_counts()

# %% [markdown]
# ## Features
#
# Exams may be mappings from plane to stack. Their rows get numbers, so name them yourself, in the
# same order.

# %%
extractor = mf.FeatureExtractor(["fluid", "marrow"], planes=("sagittal",), n_jobs=1)
features = extractor.fit_transform(exams)
features.index = pd.Index([folder.name for folder in folders], name="exam")
features.shape

# %% [markdown]
# ## Scores, with the patients as groups
#
# Both scans of a patient show the same knee. If the model is fitted on one and scored on the other,
# it can recognise the patient. `groups` keeps both in one fold, and the interval does not count two
# scans of one knee as two independent exams.

# %%
patients = reports["patient"]
model = mf.logistic_baseline()
right = mf.cross_validate(model, features, labels, groups=patients, n_splits=5, n_repeats=2)
wrong = mf.cross_validate(model, features, labels, n_splits=5, n_repeats=2)
pd.concat({"patients kept together": right.summary(), "patients split up": wrong.summary()}).round(
    3
)

# %% [markdown]
# Where does the model look? The column with the largest contribution to one prediction, and the
# pixels that give its value.

# %%
contributions = mf.explain_predictions(right, features)
chances = contributions.probability["effusion"].where(labels["effusion"] == 1)
exam = chances.idxmax()
column = contributions.by_task["effusion"].loc[exam].idxmax()
families = ["fluid", "marrow"]
stack = exams[features.index.get_loc(exam)]["sagittal"]
mark = mf.find_marks({"sagittal": stack}, column, families=families)[column]
figure, axis = plt.subplots(figsize=(5, 5), layout="constrained")
axis.imshow(stack[mark.best_slice], cmap="gray", vmin=0, vmax=255)
for part in mark.slices:
    if part.slice == mark.best_slice and part.outline.any():
        axis.contour(part.outline, [0.5], colors="yellow", linewidths=1)
axis.set_title(f"exam {exam}, slice {mark.best_slice}\n{column} = {mark.value:.3g}", fontsize=9)
_ = axis.axis("off")
