"""The checks of all exercises, a file for each notebook; each file registers its own."""
