"""The reports as an Atom feed (RFC 4287); its dates are those of the snapshots, not of a clock."""

from __future__ import annotations

import datetime
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from spack_census.reports.changes import place
from spack_census.reports.report import Report
from spack_census.reports.sentences import epochs, xml_text

_ATOM = "http://www.w3.org/2005/Atom"
_ENTRIES = 50
_NAMED = 10


def render(reports: Sequence[Report], url: str) -> bytes:
    """Return the feed of reports, which are given newest first.

    `url` is where the folder of reports is served; without one the links are relative. A report
    on a snapshot without a date has no entry, for Atom demands one.
    """
    base = f"{url.rstrip('/')}/" if url else ""
    dated = [report for report in reports if report.after.snapshot_date is not None]
    root = ET.Element("feed", xmlns=_ATOM)
    _add(root, "title", "The Spack build cache: what changed")
    _add(root, "id", _id(base))
    _add(root, "updated", _time(dated[0] if dated else None))
    _add(ET.SubElement(root, "author"), "name", "spack-census")
    ET.SubElement(root, "link", rel="alternate", type="text/html", href=f"{base}index.html")
    ET.SubElement(root, "link", rel="self", type="application/atom+xml", href=f"{base}feed.xml")
    for report in dated[:_ENTRIES]:
        _entry(root, report, base)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f"<?xml version='1.0' encoding='utf-8'?>\n{text}\n".encode()


def _entry(root: ET.Element, report: Report, base: str) -> None:
    entry = ET.SubElement(root, "entry")
    _add(entry, "title", f"{report.after.snapshot}: {report.headline}")
    _add(entry, "id", _id(base, report.name))
    _add(entry, "updated", _time(report))
    address = f"{base}{report.name}/report.html"
    ET.SubElement(entry, "link", rel="alternate", type="text/html", href=address)
    _add(entry, "summary", _summary(report))


def _summary(report: Report) -> str:
    gone = [f"{row.package} ({place(row.platform, row.target)})" for row in report.places_gone]
    said = [epochs(report.before.hash_epoch, report.after.hash_epoch), report.headline]
    if gone:
        more = f" and {len(gone) - _NAMED:,} more" if len(gone) > _NAMED else ""
        said.append(f"Gone from a target: {', '.join(gone[:_NAMED])}{more}.")
    return " ".join(part for part in said if part)


def _add(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = xml_text(text)


def _id(base: str, name: str = "") -> str:
    # The same feed under two addresses is two feeds, and readers tell them apart by this.
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{base or 'spack-census:reports/'}{name}").urn


def _time(report: Report | None) -> str:
    date = report.after.snapshot_date if report else None
    return f"{date or datetime.date(1970, 1, 1)}T00:00:00Z"
