"""A stand-in for a speech model: whatever the recording holds, the same short call was heard.

It shows on one machine how a recorded call becomes turns; nothing is listened to. With a model of
your own in SPEECH_MODEL the local hub asks that one instead (docs/speech.md).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

MODEL = "stand-in@0"
#: By language: what the agent says, what the customer says. Nobody ever said it.
SAID = {
    "fi": (
        "Asiakaspalvelu, kuinka voin auttaa?",
        "Tilaukseni on jo viikon myöhässä, eikä kukaan vastaa viesteihini.",
    ),
    "en": (
        "Customer service, how can I help?",
        "My order is a week late and nobody answers my messages.",
    ),
    "sv": (
        "Kundtjänst, vad kan jag hjälpa till med?",
        "Min beställning är redan en vecka försenad och ingen svarar på mina meddelanden.",
    ),
}


def transcript(_sound: bytes, headers: Mapping[str, str]) -> bytes:
    """An answer of the speech endpoint, in the first language that its caller named."""
    asked = headers.get("X-Amzn-SageMaker-Custom-Attributes", "").partition("languages=")[2]
    language = next((code for code in asked.split(",") if code in SAID), "en")
    agent, customer = SAID[language]
    turns = [_turn(0.5, 3.0, "agent", agent), _turn(3.5, 9.0, "customer", customer)]
    return json.dumps(
        {
            "schema": "oivallus.transcript.1",
            "model": MODEL,
            "duration_s": 10.0,
            "hold_s": 0.0,
            "turns": [turn | {"language": language} for turn in turns],
        }
    ).encode()


def _turn(start_s: float, end_s: float, role: str, text: str) -> dict[str, object]:
    channel = 0 if role == "customer" else 1
    return {
        "start_s": start_s,
        "end_s": end_s,
        "role": role,
        "channel": channel,
        "text": text,
        "p": 1.0,
    }
