"""Asking again where it pays: how often, after what pause, and which answers are worth it."""

from __future__ import annotations

import http
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from spack_census.errors import SourceError
from spack_census.fetch import addresses
from spack_census.fetch.patience import RETRY, Meter
from spack_census.fetch.web import Answer, Broken, Web

GONE = (403, 404, 410)
"""A bucket that may not be listed answers 403 for what it lacks."""
_AGAIN = (408, 425, 429, 500, 502, 503, 504)
_LONGEST_WAIT = 5
"""Digits of a Retry-After in seconds that is taken for one."""
_Result = TypeVar("_Result")


class NotAdmittedError(SourceError):
    """The server wants to know who asks, or does not take that answer."""


def patiently(url: str, net: Web, attempt: Callable[[Meter], _Result]) -> _Result:
    """Return what an attempt returns that is not Broken; raises SourceError naming the address."""
    meter, patience = net.meter(), net.patience
    for number in range(1, patience.attempts + 1):
        try:
            with placed(url):
                meter.restart()
                return attempt(meter)
        except Broken as broken:
            if number == patience.attempts:
                message = f"{addresses.shown(url)}: {broken} (tried {number} times)"
                raise SourceError(message, RETRY) from broken
            pause = patience.pause_seconds * 2 ** (number - 1) * random.uniform(1, 1.5)  # noqa: S311 - no secret
            wait = min(max(pause, broken.wait_seconds), patience.longest_pause_seconds)
        with placed(url):
            meter.wait(wait)
    raise AssertionError("at least one attempt")


@contextmanager
def placed(url: str) -> Iterator[None]:
    """See that each SourceError names the address."""
    try:
        yield
    except SourceError as error:
        place = addresses.shown(url)
        if place in error.message:
            raise
        raise type(error)(f"{place}: {error.message}", *error.next_steps) from error


def refusal(url: str, answer: Answer) -> Broken | SourceError:
    """Return what an answer amounts to that is of no use: whether to try again."""
    said = f"the server answers {answer.status} {answer.reason}".rstrip()
    if answer.status in _AGAIN:
        return Broken(said, _retry_after(answer))
    if answer.status == http.HTTPStatus.UNAUTHORIZED:
        return NotAdmittedError(f"{addresses.shown(url)}: {said}", *addresses.GIVE_SECRETS)
    return SourceError(f"{addresses.shown(url)}: {said}", "see whether the address is right")


def _retry_after(answer: Answer) -> float:
    said = answer.headers.get("Retry-After", "")
    return float(said) if said.isascii() and said.isdigit() and len(said) <= _LONGEST_WAIT else 0
