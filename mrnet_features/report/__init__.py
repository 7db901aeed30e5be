"""Things to look at: words for columns, figures, the viewer, and pages."""
