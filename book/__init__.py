"""The book: `python -m book` (or `make book`) builds HTML from notebooks, pages, tables and docstrings as committed.

Its source is assembled from the checkout in a scratch folder, built by Sphinx, checked, and then takes the place of the
book before. Nothing is executed, and nothing is fetched. It may use `mia_helpers`; nothing uses it.
"""
