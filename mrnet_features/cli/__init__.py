"""Command line: one thin command per verb, which parses, calls one function and shows the result.

The order of the imports is the order of the commands in ``--help``. Register a command with
`app.command`: its panel, two or three examples, which a test runs, and whether a stopped run
resumes. Every command takes ``-q`` and ends with a line that says what to type next.
"""

# ruff: noqa: I001
from mrnet_features.cli.app import app, main
from mrnet_features.cli import demo
from mrnet_features.cli import knees
from mrnet_features.cli import audit
from mrnet_features.cli import explore
from mrnet_features.cli import view
from mrnet_features.cli import extract
from mrnet_features.cli import families
from mrnet_features.cli import cv
from mrnet_features.cli import cnn
from mrnet_features.cli import compare
from mrnet_features.cli import importance
from mrnet_features.cli import fit
from mrnet_features.cli import predict
from mrnet_features.cli import report
from mrnet_features.cli import reproduce
from mrnet_features.cli import doctor

__all__ = [
    "app",
    "audit",
    "cnn",
    "compare",
    "cv",
    "demo",
    "doctor",
    "explore",
    "extract",
    "families",
    "fit",
    "importance",
    "knees",
    "main",
    "predict",
    "report",
    "reproduce",
    "view",
]
