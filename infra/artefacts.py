"""What is deployed, kept by its hash: a version is its code and its template, and never changes.

    versions/HASH/deployment.zip   the functions' code
    versions/HASH/template.json    the stack, which names that code

Rolling back is deploying a version that lies there.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.template import Template

PREFIX = "versions/"
HASH_DIGITS = 12
#: CloudFormation's limit of a template in a bucket.
MAX_TEMPLATE_BYTES = 1024 * 1024
_CODE = "code-sha256"


class NoVersion(LookupError):
    """There is no such version in the bucket; the text says which there are."""


@dataclass(frozen=True)
class Version:
    """A version in the bucket. `code_sha256` is how Lambda tells the hash of a function's code."""

    name: str
    template_url: str
    code_sha256: str
    uploaded_at: datetime


def fingerprint(package: Path, template: Template) -> str:
    """A version's name: the hash of what is in the package, not of when it was packed."""
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode())
    with zipfile.ZipFile(package) as archive:
        for name in sorted(archive.namelist()):
            digest.update(f"{name}\n".encode() + hashlib.sha256(archive.read(name)).digest())
    return digest.hexdigest()[:HASH_DIGITS]


def placed(template: Template, bucket: str, key: str) -> Template:
    """A copy of a CloudFormation template whose functions take their code from a bucket."""
    copy: Template = json.loads(json.dumps(template))
    for resource in copy["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["Code"] = {"S3Bucket": bucket, "S3Key": key}
    return copy


def upload(s3: Any, bucket: str, package: Path, template: Template) -> Version:
    """Put a package and its template into the bucket, unless that version is there.

    Raises ValueError when the template is larger than CloudFormation takes.
    """
    name = fingerprint(package, template)
    key = f"{PREFIX}{name}/deployment.zip"
    body = json.dumps(placed(template, bucket, key), separators=(",", ":")).encode()
    if len(body) > MAX_TEMPLATE_BYTES:
        raise ValueError(
            f"the template is {len(body)} bytes and CloudFormation takes {MAX_TEMPLATE_BYTES}; "
            "move a part of it into a stack of its own, as infra/template/budget.py is"
        )
    try:
        return version(s3, bucket, name)
    except NoVersion:
        code = package.read_bytes()
        sha256 = base64.b64encode(hashlib.sha256(code).digest()).decode()
        s3.put_object(Bucket=bucket, Key=key, Body=code, Metadata={_CODE: sha256})
        # Last: a version is there when its template is.
        s3.put_object(
            Bucket=bucket,
            Key=f"{PREFIX}{name}/template.json",
            Body=body,
            ContentType="application/json",
            Metadata={_CODE: sha256},
        )
    return version(s3, bucket, name)


def version(s3: Any, bucket: str, name: str) -> Version:
    """A version of the bucket by its name. Raises NoVersion."""
    key = f"{PREFIX}{name}/template.json"
    try:
        head = s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
            raise
        there = ", ".join(names(s3, bucket)) or "none"
        raise NoVersion(f"there is no version {name}; there are: {there}") from error
    region = s3.meta.region_name
    return Version(
        name,
        f"https://{bucket}.s3.{region}.amazonaws.com/{key}",
        head["Metadata"][_CODE],
        head["LastModified"],
    )


def names(s3: Any, bucket: str) -> list[str]:
    """The versions of the bucket, the newest first."""
    found: list[tuple[datetime, str]] = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX):
        for item in page.get("Contents", ()):
            _, name, file = item["Key"].split("/", 2)
            if file == "template.json":
                found.append((item["LastModified"], name))
    return [name for _, name in sorted(found, reverse=True)]
