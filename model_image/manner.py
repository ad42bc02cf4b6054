"""How a text is written, whatever it says: shouting, smileys, marks, stretched letters.

N-grams are read in lower case, with stretches shortened, and do not count; these cues are what is
lost there. A text has a cue or has not, so that a long text does not weigh more than a short one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_SHOUTED = r"\b[A-ZÅÄÖ]{3,}\b"
# "://" is an address, ":[" comes before a placeholder, and a list may open with ":(".
_SMILE = r"[:;=]['’]?[-o^]?\)|(?<!\w)[:;=]-?[DP]\b|\^_?\^|\b[xX]D\b|<3|[😀-😏😘😍🙂👍❤♥☺]"
_FROWN = r"[:;=]['’]?[-o^]?\((?!\w)|(?<!\w)[:=]-?(?:\\|\||/(?!/))|[😞-😭😠😡🙁👎]"
CUES = tuple(
    re.compile(pattern)
    for pattern in (
        _SHOUTED,
        rf"(?:{_SHOUTED}[^A-ZÅÄÖ]*?){{3}}",
        "!",
        "![^!]*!",
        "![^!]*![^!]*!",
        r"\?",
        r"\?[^?]*\?",
        r"(?!www)([^\W\d_])\1\1",
        r"\.\.|…",
        _SMILE,
        _FROWN,
    )
)
FACES = 2  # the last cues


def read_manner(texts: Sequence[str]) -> NDArray[np.bool_]:
    """(texts, cues): whether a text shows a cue."""
    return np.array([[bool(cue.search(text)) for cue in CUES] for text in texts], np.bool_).reshape(
        len(texts), len(CUES)
    )
