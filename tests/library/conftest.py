"""The house with a past, as the archive's tests have it."""

from tests.archive.conftest import past as past
