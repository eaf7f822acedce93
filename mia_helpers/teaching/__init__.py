"""The classroom: exercises that check themselves, and the copies that students get.

An exercise stands in its notebook, with its solution. `check` says in words what is wrong with an answer, never what is
right. The folder may use all below it; the command line and the notebooks use it.
"""

from mia_helpers.teaching.checking import NotYet, check

__all__ = ["NotYet", "check"]
