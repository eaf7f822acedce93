"""What counts as an answer to the questions D1 to D6; fixed before the runs that it judges, with the reasons.

Before these runs, only DP-SGD had been trained: one model for each of nine recipes, to tune it. Of references with
other defences than L2, of canaries and of Adult nothing was known. One rule was added after the first maps had been
measured: an attack counts only where no more false alarms came than were aimed at (`Setting.counts`); RMIA, whose
scores of the label alone take few values, had called 0.65% of the others members where 0.1% was aimed at.
"""

PROTECTED = 0.05  # canaries found at 0.1% false alarms: one in twenty. Aerni et al. call 2.7% strong, 9.5% weaker
STOPPED = 0.03  # accuracy above one half: as for C5 and M5
NO_COST = 0.01  # a test accuracy no more than this lower costs nothing: it is what another seed may change
SAME = 0.05  # a difference of the share of canaries found up to this "is no better": as for M6 and M10
VACUOUS = 100.0  # an epsilon above this promises nothing: e^100 times as probable
