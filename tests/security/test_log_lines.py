"""Any test fails in which a line holds a secret: what tests/conftest.py sees to."""

from __future__ import annotations

import sys
from collections.abc import Callable
from logging import getLogger

import pytest

from chalicelib.adapters.telemetry import count, logger, record, warn
from chalicelib.adapters.world import World
from chalicelib.errors import Misconfigured
from tests.conftest import NOW
from tests.log_lines import secrets, without_secrets
from tests.pipeline import thin
from tests.security.hub import RECORDINGS


def _with_an_error(secret: str) -> None:
    try:
        raise Misconfigured(f"{secret} does not fit")
    except Misconfigured:
        logger.exception("not done")


LEAKS: dict[str, Callable[[str], None]] = {
    "a fact": lambda secret: warn("a line", why=f"with {secret}"),
    "a message": record,
    "an error": _with_an_error,
    "a metric": lambda secret: count("deliveries", facts={"why": secret}),
    "printed": lambda secret: print("it is", secret),
    "printed aside": lambda secret: print("it is", secret, file=sys.stderr),
    "a library's": lambda secret: getLogger("botocore").warning(secret),
}


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("of", ["a recording", "a vendor's API", "the hub's own keys"])
def test_a_line_with_a_secret_fails_the_test(world: World, leak: str, of: str) -> None:
    secret = RECORDINGS[0].secret
    if of == "a vendor's API":
        thin.give_credentials(world, token="vaapukka-api-token")
        secret = world.secrets.credentials("shop", ["token"])["token"]
    elif of == "the hub's own keys":
        world.secrets.add_key("link-key", secret := 'kanerva-"ääkkönen"-avain', NOW)
    with pytest.raises(AssertionError, match="a secret is in a line"), without_secrets():
        LEAKS[leak](secret)


def test_every_recordings_secret_is_searched_for() -> None:
    wanted = {one.secret for one in RECORDINGS if "\n" not in one.secret and len(one.secret) >= 8}
    assert {one for one in wanted if not one.startswith("arn:")} <= secrets()
    assert len(secrets()) > 50
