"""The checks of all exercises, a file for each notebook; each file registers its own."""

from mia_helpers.teaching.checks import n08, n09, n10
