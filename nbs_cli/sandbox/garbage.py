"""Bodies that no client should trust: HTML, JSON that is none, floods, and bombs of gzip."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Sign in to continue</title></head>\n"
    b'<body><h1>Welcome to the network</h1><form action="/login"></form></body></html>\n'
)
DEEP, DIGITS = 200_000, 100_000
NOT_JSON = {
    "cut": b'{"volumes": [{"id": "5e6524d8-2608-4188-ae54-9815b3e33380", "na',
    "word": b"OK",
    "nan": b'{"volumes": NaN}',
    "infinity": b'{"volumes": [{"size": Infinity}]}',
    "exponent": b'{"volumes": [{"size": 1e999}]}',
    "deep": b"[" * DEEP + b"]" * DEEP,
    "digits": b'{"volumes": [{"size": ' + b"9" * DIGITS + b"}]}",
    "utf-8": b'{"volumes": [{"name": "\xff\xfe\xc0\x80"}]}',
    "surrogate": b'{"volumes": [{"name": "\\ud800"}]}',
    "bom": b'\xef\xbb\xbf{"volumes": []}',
    "utf-16": '{"volumes": []}'.encode("utf-16"),
    "null": b"null",
    "list": b"[]",
    "empty": b"",
}
PIECE = 1 << 20
SPACE = b" "
_GZIP = 31  # zlib's window bits for a gzip header and trailer
_MEMBER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"  # a gzip header: deflate, no name, no time, best compression


def flood(size: int) -> Iterator[bytes]:
    """Give `size` bytes of white space, in pieces."""
    piece = SPACE * PIECE
    for _number in range(size // PIECE):
        yield piece
    if size % PIECE:
        yield piece[: size % PIECE]


def bomb(size: int, layers: int) -> bytes:
    """Give `size` bytes of white space in gzip, that again in gzip for two `layers`."""
    packed = _packed(size)
    for _layer in range(layers - 1):
        packed = gzipped(packed)
    return packed


def gzipped(data: bytes) -> bytes:
    """Give `data` in gzip; the same bytes each time."""
    packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
    return packer.compress(data) + packer.flush()


def _packed(size: int) -> bytes:
    # A full flush ends each block so that blocks do not lean on each other: one is packed, and repeated.
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(SPACE * PIECE) + packer.flush(zlib.Z_FULL_FLUSH)
    last = packer.compress(SPACE * (size % PIECE)) + packer.flush()
    checksum = 0
    for piece in flood(size):
        checksum = zlib.crc32(piece, checksum)
    trailer = checksum.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little")
    return _MEMBER + block * (size // PIECE) + last + trailer
