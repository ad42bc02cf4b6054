"""Whether a contact is failure demand.

Failure demand is "caused by a failure to do something or do something right for the customer"
(Seddon); the rest is value demand. The text's own cues come first; a theme that is always one or
the other pulls the answer by its score.
"""

from __future__ import annotations

import numpy as np

from model_image.linear import Floats, Ints

HINT_LOG_ODDS = 2.0  # a certain theme multiplies the odds by about 7
PRAISE_LOG_ODDS = 3.0  # thanks and praise are no failure, whatever they are about


def p_failure(text_log_odds: Floats, scores: Floats, hint: Ints, positive: Floats) -> Floats:
    """(rows,) probabilities.

    `scores` (rows, themes) of the reported themes, zero elsewhere; `hint` (themes,) is 1 for
    failure, 0 for value, -1 for neither; `positive` (rows,) is the sentiment's share.
    """
    pull = np.where(hint == 1, 1.0, np.where(hint == 0, -1.0, 0.0))
    strongest = np.zeros(len(text_log_odds))
    if scores.shape[1]:
        best = scores.argmax(axis=1)
        row = np.arange(len(best))
        strongest = scores[row, best] * pull[best]
    odds = text_log_odds + HINT_LOG_ODDS * strongest
    odds = odds - PRAISE_LOG_ODDS * np.maximum(positive - 0.5, 0) * 2
    return np.asarray(1 / (1 + np.exp(-odds)))
