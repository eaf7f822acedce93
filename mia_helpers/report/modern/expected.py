"""What counts as an answer to the questions M1 to M10; fixed before the runs that it judges, with the reasons.

Before these runs, sixteen reference models at ds 2500 had been made (seed 0): LiRA found .32 of the members at 0.1%,
the paper's attack .001. Nothing was known of the other sizes, of Adult, of the penalty, of classes or other recipes.
"""

AT_CHANCE = 0.01  # AUC: 20,000 records of one target at chance stay within .008 in 19 of 20 cases, a mean within less
EXPOSED_AT_CHANCE = 0.05  # AUC over the most exposed percent: less than that would move nobody to call them exposed
STOPPED = 0.03  # accuracy above one half: as for C5
NO_GAP = 0.05  # a train/test gap up to this is "no gap yet": a tenth of the gap at the end
SAME = 0.05  # a change of the share found at 0.1% up to this "does not matter": a sixth of the pilot's share
