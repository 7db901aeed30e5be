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
# # Look at the data first
#
# Before a model, a radiologist would ask of a new set: how often do the labels occur together,
# what do the sequences show, which exams can't be read? This notebook asks it of MRNet's layout.
# MRNet may not be redistributed, so the exams are synthetic knees; if you have the data, set
# `root` to your copy and skip the cell that writes the knees.

# %%
from pathlib import Path
from tempfile import mkdtemp

import mrnet_features as mf

root = mf.write_knees(Path(mkdtemp()) / "knees", n_train=80, n_valid=1, seed=11, n_jobs=1)

# %%
train = mf.load_mrnet(root, split="train")
train

# %% [markdown]
# ## One exam
#
# Three planes, each a stack of slices. Coronal is T1: fat and marrow are bright, fluid is dark.
# Sagittal (T2) and axial (proton density) have the fat suppressed: fluid is bright, marrow is
# dark. Cortical bone, ligaments and menisci are dark on all three.

# %%
mf.plot_exam(train["0004"])

# %% [markdown]
# In a running notebook, `mf.view(train)` shows all exams: the wheel and the arrow keys change the
# slice, dragging changes the window, F and R draw the leg and the regions.

# %% [markdown]
# ## The whole set
#
# One pass over the pixels. `findings` are the exams that the audit wants a reader to see.

# %%
findings = mf.audit(root, n_jobs=1)
exploration = mf.explore(train, findings=findings[findings["exam"].isin(train.ids)])
exploration.summary()

# %% [markdown]
# ### Labels
#
# Eight combinations of three labels, against what independent labels would give. A tear always
# means "abnormal" too: a combination that breaks this rule is a doubtful label.

# %%
exploration.frame("cooccurrence").round(3)

# %%
exploration.plot(part="cooccurrence")

# %% [markdown]
# ### Slice counts
#
# How many slices an exam has depends on the protocol and the size of the knee. Where the count
# alone separates the labels, a model can use it as a shortcut. On MRNet it reaches an AUC of about
# .7 for "abnormal" on its own; on synthetic knees it must not reach more than chance allows.

# %%
exploration.frame("slices").round(3)

# %% [markdown]
# ### Tissues
#
# What each tissue should look like on the sequence, and what is measured in the parts of the knee
# that stand for it. A contradiction means that the stack is inverted, or that the plane shows
# another sequence.

# %%
exploration.frame("tissues").round(2)

# %%
exploration.plot(part="tissues")

# %%
exploration.plot(part="histograms")

# %% [markdown]
# ### Exams to look at
#
# Findings of the audit and stacks far from the others, the most severe first.

# %%
exploration.frame("flags").head(10)

# %% [markdown]
# `exploration.save_as_html("explore.html")` writes all of this into one page, with the slice that
# each flag is about. The page holds pictures and labels: don't share it if you may not share the
# set.

# %%
exploration.save_as_html("explore.html")
print(f"{Path('explore.html').stat().st_size / 1e6:.1f} MB")
