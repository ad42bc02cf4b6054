"""A vendor that the tests of this folder may call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.adapters.vendor import serving


@pytest.fixture
def there() -> Iterator[str]:
    with serving() as place:
        yield f"http://{place}"
