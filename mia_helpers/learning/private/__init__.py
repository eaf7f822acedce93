"""Training whose effect of any one record is bounded (DP-SGD): what it spends, clipped gradients, an epoch's program.

The defence `dp_sgd` (`learning/defences/dp_sgd.py`) is the way in.
"""
