"""Whom labels teach: the model behind the hub's endpoint, wherever its heads can be fitted.

The compact model runs here as well as there. An encoder does not: the endpoint is asked what its
heads would read, of redacted texts that it has judged before. Nothing of the answer is kept.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chalicelib import enrich
from chalicelib.adapters.world import Judge, World
from chalicelib.errors import Misconfigured, Unreadable
from chalicelib.organisation import Organisation
from model_image import learned
from model_image.backends.compact import Compact
from model_image.linear import Floats
from model_image.reading import Readable, Reading, hints
from model_image.wire import Taxonomy, Text

WANTED = ("reading", "embedding:fp16", "partial")
_SAME_RELEASE = "deploy a model image of the hub's release, or use the hub of its release"


def readable(world: World) -> Readable:
    """The model that judges new messages. Raises Misconfigured when it cannot be taught here."""
    organisation = world.organisation()
    model = str(_asked(world.endpoint, organisation, [], ()).get("model"))
    if not model.startswith("compact-"):
        return Afar(model, world.endpoint, organisation)
    here = Compact.load()
    if here.model != model:
        raise Misconfigured(
            f"the endpoint's model is {model[:60]}, and this hub has {here.model}: what one learns "
            f"the other would not use; {_SAME_RELEASE}"
        )
    return here


@dataclass(frozen=True)
class Afar:
    """A model that is asked over its endpoint; `model` as that calls it, without heads."""

    model: str
    endpoint: Judge
    organisation: Organisation

    def readings(self, texts: Sequence[Text], taxonomy: Taxonomy) -> list[Reading]:
        """One reading of all texts; the taxonomy is the organisation's.

        Raises Misconfigured when the endpoint tells no readings, and what the endpoint raises.
        """
        words = [text.text for text in texts]
        results: list[Mapping[str, Any]] = []
        for positions in enrich.batches(words):
            part = [words[position] for position in positions]
            reply = _asked(self.endpoint, self.organisation, part, WANTED)
            if reply.get("model") != self.model:
                raise Misconfigured(
                    f"the endpoint's model became {str(reply.get('model'))[:60]} meanwhile; run it "
                    "again when the deployment is done"
                )
            results += reply["results"]
        if not results:
            return []
        try:
            found = _reading(results, taxonomy)
        except (KeyError, TypeError, ValueError):
            raise self._tells_none() from None  # the cause could show the reply
        if found.silent.all() and any(map(_speaks, words)):
            raise self._tells_none()
        return [found]

    def _tells_none(self) -> Misconfigured:
        return Misconfigured(
            f"model {self.model[:60]} does not tell what its heads read, so it cannot learn from "
            f"labels; {_SAME_RELEASE}"
        )


def _asked(
    endpoint: Judge, organisation: Organisation, texts: Sequence[str], want: Sequence[str]
) -> Mapping[str, Any]:
    try:
        reply = json.loads(endpoint.invoke(enrich.request(texts, organisation, want=want)))
    except Unreadable as error:
        raise Misconfigured(f"{error}; {_SAME_RELEASE}") from error
    return reply if isinstance(reply, Mapping) else {}


def _speaks(text: str) -> bool:
    return any(letter.isalpha() for letter in text)


def _reading(results: Sequence[Mapping[str, Any]], taxonomy: Taxonomy) -> Reading:
    """Results in the order of the texts; one without a reading has no letter, or was not read."""
    told = [result.get("reading") for result in results]
    spoken = next((one for one in told if one), {"floor": 0.0})
    nothing = {"about": [0.0] * len(taxonomy.themes), "cues": 0.0, "positive": 0.0}
    rows = [one or nothing for one in told]
    vectors = [_vector(result) for result in results]
    size = max((len(vector) for vector in vectors), default=0)
    held = [vector if len(vector) else np.zeros(size) for vector in vectors]
    about = np.array([row["about"] for row in rows], np.float64)
    return Reading(
        vectors=learned.embedding(np.stack(held)),
        about=about.reshape(len(rows), len(taxonomy.themes)),
        cues=np.array([row["cues"] for row in rows], np.float64),
        positive=np.array([row["positive"] for row in rows], np.float64),
        hint=hints(taxonomy),
        silent=np.array([one is None for one in told]),
        floor=float(spoken["floor"]),
    )


def _vector(result: Mapping[str, Any]) -> Floats:
    if "embedding" not in result:
        return np.zeros(0)
    raw = base64.b64decode(result["embedding"]["fp16"], validate=True)
    return np.frombuffer(raw, "<f2").astype(np.float64)
