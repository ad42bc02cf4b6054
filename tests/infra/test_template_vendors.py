"""What the template lets Fetch read outside the stack."""

from __future__ import annotations

from typing import Any

from infra.package import Package


def test_the_buckets_of_vendors_are_read_by_fetch_and_transcribe_alone(dev: Package) -> None:
    resources = dev.cloudformation["Resources"]
    policy = resources["VendorBucketsPolicy"]
    assert policy["Condition"] == "HasVendorBuckets"  # a stack may have none
    roles = [{"Ref": "FetchRole"}, {"Ref": "TranscribeRole"}]
    assert policy["Properties"]["Roles"] == roles
    read, listed = policy["Properties"]["PolicyDocument"]["Statement"]
    named = ["calls", "chats"]
    assert (read["Action"], joined(read["Resource"], named)) == (
        "s3:GetObject",
        ["arn:aws:s3:::calls/*", "arn:aws:s3:::chats/*"],
    )
    assert (listed["Action"], joined(listed["Resource"], named)) == (
        "s3:ListBucket",
        ["arn:aws:s3:::calls", "arn:aws:s3:::chats"],
    )


def joined(value: Any, buckets: list[str]) -> Any:
    """What CloudFormation makes of Join and Split when VendorBuckets names these."""
    match value:
        case {"Fn::Split": [at, text]}:
            return joined(text, buckets).split(at)
        case {"Fn::Join": [between, parts]}:
            return between.join(joined(part, buckets) for part in joined(parts, buckets))
        case {"Ref": "VendorBuckets"}:
            return buckets
    return value
