"""The file by which a stage is deployed: what it must say, and how each fault is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra import stage_settings
from infra.paths import ORGANISATION
from infra.stage_settings import BadSettings, read
from infra.template import parameters

EXAMPLE = (stage_settings.FOLDER / "prod.toml.example").read_text()


def written(folder: Path, text: str) -> Path:
    (folder / "organisation.yaml").write_text(ORGANISATION.read_text())
    path = folder / "prod.toml"
    path.write_text(text)
    return path


def test_the_example_is_complete(tmp_path: Path) -> None:
    found = read(written(tmp_path, EXAMPLE), root=tmp_path)
    assert (found.region, found.account) == ("eu-north-1", "123456789012")
    assert found.parameters["RawDays"] == "30"  # retention.raw_days of organisation.yaml
    assert found.parameters["MailDomain"] == "havuvakka.example"
    assert found.parameters.keys() <= parameters().keys()


def test_every_parameter_can_be_set_once_uncommented(tmp_path: Path) -> None:
    """The example's commented lines are TOML too."""
    text = EXAMPLE.replace("# ModelInferenceAmi", "ModelInferenceAmi")
    text = text.replace("# VendorBuckets", "VendorBuckets").replace("# Firewall", "Firewall")
    found = read(written(tmp_path, text), root=tmp_path).parameters
    assert (found["VendorBuckets"], found["Firewall"]) == ("havuvakka-connect", "yes")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('region = "eu-north-1"', 'region = "Finland"', "region must be like"),
        ('account = "123456789012"', "account = 123", "account must be the twelve digits"),
        ("MailDomain", "MailDomian", "MailDomian is unknown; did you mean MailDomain?"),
        ("MailDomain", "MailDomian", "MailDomain is missing: Domain of"),
        ('"asynchronous"', '"async"', "ModelMode must be one of asynchronous, realtime"),
        ("@sha256:" + "0" * 64, ":latest", "ModelImage must name its image by digest"),
        ("monthly_budget_usd = 150", "monthly_budget_usd = -1", "must be a number of dollars"),
        ("monthly_budget_usd", "budget", "budget is unknown"),
        ("[parameters]", "[parameters]\nRawDays = 7", "RawDays is set by deploying itself"),
        ("[parameters]", "[parameters]\nApiBurst = true", "ApiBurst must be a number"),
        ("[parameters]", "[parameters]\nModelStartupS = 59", "ModelStartupS must be from 60 to"),
        ("[parameters]", '[parameters]\nVendorBuckets = "a"', "VendorBuckets must be a list"),
        ("[parameters]", "[parameters]\nFirewall = 1", "Firewall must be a text in quotes"),
        ('"organisation.yaml"', '"other.yaml"', "organisation: "),
        ("[parameters]", "[parameters", "is not TOML"),
    ],
)
def test_each_fault_is_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in EXAMPLE
    with pytest.raises(BadSettings) as raised:
        read(written(tmp_path, EXAMPLE.replace(old, new, 1)), root=tmp_path)
    assert told in str(raised.value)


def test_before_there_is_an_image_only_the_place_is_needed(tmp_path: Path) -> None:
    text = EXAMPLE.split("[parameters]", maxsplit=1)[0]
    found = read(written(tmp_path, text), complete=False, root=tmp_path)
    assert found.region == "eu-north-1"
    with pytest.raises(BadSettings, match="ModelImage is missing"):
        read(tmp_path / "prod.toml", root=tmp_path)


def test_a_file_that_is_not_there_says_what_to_copy(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"copy stages/prod\.toml\.example"):
        read(tmp_path / "none.toml")


def test_every_parameter_is_described_or_plain() -> None:
    told: dict[str, Any] = parameters()
    for name, of in told.items():
        assert "Description" in of or "Default" in of, name
