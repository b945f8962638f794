"""The course's claims."""

import pytest

from tinyinception.course import claims


@pytest.fixture(scope="session")
def weighed():
    """All claims weighed, by id."""
    return {one.claim.id: one for one in claims.weigh(claims.read())}
