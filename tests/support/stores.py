"""Object stores on loopback: moto's S3 server, and buckets filled with what a folder holds."""

from __future__ import annotations

import logging
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def s3_server() -> Iterator[str]:
    """Run an S3 server for as long as the context lasts; yield its address."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def environment(address: str) -> dict[str, str]:
    """Return the variables that lead obstore to a server; it takes any credentials."""
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "me",
        "AWS_SECRET_ACCESS_KEY": "very-secret",
        "AWS_REGION": "us-east-1",
    }


def upload(address: str, bucket: str, folder: Path, prefix: str = "") -> str:
    """Put the files of a folder into a bucket, which is made; return where they lie."""
    import obstore
    from obstore.store import S3Store

    request = urllib.request.Request(f"{address}/{bucket}", method="PUT")  # noqa: S310 - on loopback
    urllib.request.urlopen(request).close()  # noqa: S310 - on loopback
    store = S3Store(
        bucket,
        endpoint=address,
        access_key_id="me",
        secret_access_key="very-secret",  # noqa: S106 - it takes any
        region="us-east-1",
        client_options={"allow_http": True},
    )
    # As Spack pushes: what an index names before the index.
    found = [each for each in folder.rglob("*") if each.is_file()]
    for path in sorted(found, key=lambda each: ("index" in each.as_posix(), each)):
        key = f"{prefix}/{path.relative_to(folder).as_posix()}".lstrip("/")
        obstore.put(store, key, path.read_bytes())
    return f"s3://{bucket}/{prefix}".rstrip("/")
