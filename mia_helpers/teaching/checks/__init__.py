"""The checks of all exercises, a file for each notebook; each file registers its own."""

from mia_helpers.teaching.checks import n01, n02, n03, n04, n05, n06, n07, n08, n09, n10
