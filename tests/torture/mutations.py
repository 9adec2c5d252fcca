"""Ways to spoil a text: bits, bytes, slices, tokens; the same dice give the same mutations."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

_WORDS = (
    b'" "" , : ":  : [ ] { } [] {} \\ \\" \\u0000 \\ud800 \\ud83d\\ude00 \\u00e9 # & * ! % @ `'
    b" | > - --- ..."
    b" null true false nan NaN Infinity -Infinity 0 -1 1e400 1e-400 0x1f 010 1_000 1:30:00"
    b" 18446744073709551616 9223372036854775807 99999999999999999999999999 .5 5. 1.10 ~ yes no on"
    b' "-" "none" "gcc" "gcc@" "@1" "gcc@=1" "gcc@1/abc" "12 MiB" "1e3 B" "+x" "~x" "=x" "x:=a,b"'
    b' "patches=1234567890" "../../etc" "/" "." "=" "a=b" "__HIVE_DEFAULT_PARTITION__" "2024-01-01"'
    b' "develop" "\'" \' ; ;-- $x {{x}} <script> &anchor *alias !!python/object <<: ?'
)
TOKENS: tuple[bytes, ...] = (
    *_WORDS.split(),
    b"7" * 5000,
    b"\n",
    b"\r",
    b"\r\n",
    b"\t",
    b"\0",
    b" ",
    b"\n---\n",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
)

_VALUE = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null|[\[\]{}:,]')


def mutated(data: bytes, others: Sequence[bytes], dice: random.Random) -> bytes:
    """Return a text spoiled in one to three places; `others` are texts to take slices of."""
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        data = dice.choice(_WAYS)(data, others, dice)
    return data


def _flip_bit(data: bytes, _others: Sequence[bytes], dice: random.Random) -> bytes:
    if not data:
        return data
    at = dice.randrange(len(data))
    return data[:at] + bytes((data[at] ^ 1 << dice.randrange(8),)) + data[at + 1 :]


def _set_byte(data: bytes, _others: Sequence[bytes], dice: random.Random) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + bytes((dice.randrange(256),)) + data[at + 1 :]


def _insert_token(data: bytes, _others: Sequence[bytes], dice: random.Random) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + dice.choice(TOKENS) + data[at:]


def _replace_value(data: bytes, _others: Sequence[bytes], dice: random.Random) -> bytes:
    # From anywhere on: to find all values first would cost more than to parse them.
    found = _VALUE.search(data, dice.randrange(len(data) + 1))
    if found is None:
        return data
    return data[: found.start()] + dice.choice(TOKENS) + data[found.end() :]


def _remove_slice(data: bytes, _others: Sequence[bytes], dice: random.Random) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + data[at + _length(dice) :]


def _repeat_slice(data: bytes, _others: Sequence[bytes], dice: random.Random) -> bytes:
    at = dice.randrange(len(data) + 1)
    end = at + _length(dice)
    return data[:end] + data[at:end] * dice.choice((1, 1, 1, 50)) + data[end:]


def _take_slice(data: bytes, others: Sequence[bytes], dice: random.Random) -> bytes:
    other = dice.choice(others)
    start, at = dice.randrange(len(other) + 1), dice.randrange(len(data) + 1)
    length = _length(dice)
    return data[:at] + other[start : start + length] + data[at + length :]


def _swap_values(data: bytes, _others: Sequence[bytes], dice: random.Random) -> bytes:
    first = _VALUE.search(data, dice.randrange(len(data) + 1))
    second = _VALUE.search(data, first.end() + _length(dice)) if first else None
    if first is None or second is None:
        return data
    between = data[first.end() : second.start()]
    return data[: first.start()] + second[0] + between + first[0] + data[second.end() :]


def _cut(data: bytes, _others: Sequence[bytes], dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data) + 1)]


def _length(dice: random.Random) -> int:
    return dice.choice((1, 2, 4, 8, 16, 32, 64, 256))


_WAYS = (
    *(_flip_bit, _set_byte, _insert_token, _insert_token, _replace_value, _replace_value),
    *(_remove_slice, _repeat_slice, _take_slice, _swap_values, _swap_values, _cut),
)
