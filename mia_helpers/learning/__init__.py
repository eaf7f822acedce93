"""Networks and how they are trained: the paper's architectures, optimisers, one model or a stack of many.

TensorFlow is imported when a network is first asked for. It may use `attacks` (what right answers are) and `engine`.
"""

from mia_helpers.learning.networks import attack_network, census_network, image_network
