"""The walk from data to metrics: an experiment, the models and attacks that it takes, studies, and training jobs.

`Experiment` is where everybody starts. A `Model` and an `Attacker` are values that say all that they depend on; both
are a `Work`: a name, what it needs, whether it is there, computing it. It may use `data`, `learning`, `attacks` and
`engine`.
"""
