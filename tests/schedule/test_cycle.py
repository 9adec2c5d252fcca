"""`census run`: the whole cycle over a source that grows, the hook, and what may go wrong."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from spack_census.building.outcomes import BuildResult
from spack_census.cli import main
from spack_census.disk import locking
from spack_census.errors import CensusError
from spack_census.reports import shelf
from spack_census.schedule import cycle
from spack_census.schedule.config import read
from spack_census.sources.model import Source
from support.command_line import Ran
from support.documents_made import Spec, hash_of, write_document
from support.report_folders import state

ROOT = Path(__file__).parents[2]
WEEKS = ("develop-2024-01-07", "develop-2024-01-14", "develop-2024-01-21")
FIRST, SECOND = f"{WEEKS[0]}..{WEEKS[1]}", f"{WEEKS[1]}..{WEEKS[2]}"
HOOK = 'cat >> seen.json; echo "$CENSUS_REPORT" >> folders.txt'


class Place:
    """A folder with a configuration and a source that grows a snapshot at a time."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys, self.weeks = folder, capsys, 0
        self.configure()

    def configure(self, **changes: Any) -> None:
        content = {"sources": ["docs"], "dataset": "ds", "reports": "reports", "on_change": HOOK}
        text = yaml.safe_dump({**content, **changes})
        (self.folder / "census.yaml").write_text(text)

    def grow(self) -> None:
        """Publish the next snapshot: all packages of the one before, and one more."""
        for number in range(self.weeks + 1):
            spec = Spec(hash=hash_of((number, self.weeks)))
            write_document(self.folder / "docs", f"p{number}", WEEKS[self.weeks], [spec])
        self.weeks += 1

    def run(self) -> Ran:
        code = main(["run", str(self.folder / "census.yaml")])
        return Ran(code, *self.capsys.readouterr())

    @property
    def told(self) -> list[str]:
        """The reports that the hook was run for."""
        path = self.folder / "folders.txt"
        return [Path(line).name for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    return Place(tmp_path, capsys)


def test_the_cycle_over_a_growing_source(place: Place) -> None:
    place.grow()
    first = place.run()
    assert (first.code, first.out) == (0, "")
    place.grow()
    second = place.run()
    assert second.code == 1
    assert second.out == f"{place.folder / 'reports' / FIRST}\n"
    steps = [line.split()[0] for line in second.err.splitlines()]
    assert [step for step in steps if not step.startswith("develop")] == ["build", "report", "hook"]
    assert f"{WEEKS[1]}: 2 packages, 1 more than a week before" in second.err
    before = state(place.folder / "reports")
    idle = place.run()
    assert (idle.code, idle.out) == (0, "")
    assert idle.err == "build    docs: nothing new\nreport   main series: nothing new\n"
    assert state(place.folder / "reports") == before
    place.grow()
    assert place.run().code == 1
    assert place.run().code == 0
    assert place.told == [FIRST, SECOND]
    assert (place.folder / "reports" / "latest").readlink() == Path(SECOND)


def test_a_scant_snapshot_is_held_back_and_the_hook_stays_quiet(place: Place) -> None:
    place.grow()
    place.grow()
    place.run()
    for number in range(3):
        write_document(place.folder / "docs", f"p{number}", WEEKS[2], [])
    ran = place.run()
    assert (ran.code, ran.out) == (0, "")
    assert f"build    note: {WEEKS[2]} is held back: it has no spec; " in ran.err
    assert place.told == [FIRST]
    # The next night it is whole, and news.
    place.grow()
    assert place.run().code == 1
    assert place.told == [FIRST, SECOND]


def test_a_settled_snapshot_that_changed_is_told(place: Place) -> None:
    place.grow()
    place.grow()
    place.run()
    write_document(place.folder / "docs", "more", WEEKS[0], [Spec(hash=hash_of("more"))])
    ran = place.run()
    assert f"build    note: {WEEKS[0]} changed, though only develop is expected to\n" in ran.err
    for number in range(2):
        shutil.rmtree(place.folder / "docs" / "_cache" / WEEKS[1] / f"p{number}")
    write_document(place.folder / "docs", "other", WEEKS[1], [Spec(hash=hash_of("other"))])
    ran = place.run()
    assert ran.code == 2
    assert "2 of 2 packages would go: p0, p1" in ran.err


def test_the_hook_gets_report_json_on_stdin(place: Place) -> None:
    place.grow()
    place.grow()
    place.run()
    told = json.loads((place.folder / "seen.json").read_text())
    assert told["headline"].startswith("2 packages, 1 more")
    data = place.folder / "reports" / FIRST / "report.json"
    assert (place.folder / "seen.json").read_bytes() == data.read_bytes()


def test_a_hook_that_fails_is_trouble_and_is_run_again(place: Place) -> None:
    place.configure(on_change="exit 3")
    place.grow()
    place.grow()
    ran = place.run()
    assert ran.code == 2
    assert ran.out.splitlines() == [str(place.folder / "reports" / FIRST)]
    assert f"on_change failed for {FIRST}: exit code 3" in ran.err
    place.configure()
    place.grow()
    assert place.run().code == 1
    assert place.told == [FIRST, SECOND]
    assert place.run().code == 0
    assert place.told == [FIRST, SECOND]


def test_a_run_that_is_cut_off_owes_the_hook(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.grow()
    place.grow()
    put = shelf.put

    def cut_after(*arguments: Any) -> None:
        put(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shelf, "put", cut_after)
        assert place.run().code not in {0, 1}
    assert place.told == []
    assert place.run().code == 0
    assert place.told == [FIRST]


def test_a_source_that_fails_keeps_nothing_else_from_being_done(place: Place) -> None:
    place.configure(sources=["nosuch", "docs"], series=["develop-dated", "nosuch"])
    place.grow()
    place.grow()
    ran = place.run()
    assert ran.code == 2
    assert ran.out.splitlines() == [str(place.folder / "reports" / FIRST)]
    troubles = re.findall(r"^trouble +(.*)", ran.err, re.MULTILINE)
    assert len(troubles) == 2
    assert "nosuch" in troubles[0]
    assert "no series 'nosuch'" in troubles[1]
    assert place.told == [FIRST]


@pytest.mark.parametrize("fault", [OSError(28, "No space left", "/disk"), KeyError("key")])
def test_whatever_one_source_does_the_others_are_built(
    place: Place, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    original = cycle.builder.build

    def build(source: Source, *arguments: Any, **options: Any) -> BuildResult:
        if "bad" in source.identity:
            raise fault
        return original(source, *arguments, **options)

    monkeypatch.setattr(cycle.builder, "build", build)
    (place.folder / "bad").mkdir()
    place.configure(sources=["bad", "docs"])
    place.grow()
    ran = place.run()
    assert ran.code == 2
    assert re.search(r"^build +docs: develop-2024-01-07$", ran.err, re.MULTILINE)
    assert re.search(r"^trouble +.*(/disk: No space left|KeyError: 'key')", ran.err, re.MULTILINE)


def test_a_source_may_be_a_file_address(place: Place) -> None:
    place.configure(sources=[(place.folder / "docs").as_uri()])
    place.grow()
    ran = place.run()
    assert (ran.code, ran.out) == (0, "")


def test_two_runs_at_once_one_stops_with_a_clear_error(place: Place) -> None:
    place.grow()
    with locking.hold(place.folder / "reports" / ".run"):
        ran = place.run()
    assert (ran.code, ran.out) == (2, "")
    assert "has a run at work (process " in ran.err
    assert "wait_seconds in the configuration" in ran.err
    assert place.run().code == 0


def test_only_so_many_reports_are_kept(place: Place) -> None:
    place.configure(keep_reports=1)
    for _ in WEEKS:
        place.grow()
        ran = place.run()
    assert f"removed {FIRST}: keep_reports is 1" in ran.err
    assert place.run().code == 0
    assert [path.name for path in (place.folder / "reports").glob("*..*")] == [SECOND]
    assert place.told == [FIRST, SECOND]


def test_the_explorer_is_made_last_and_links_to_the_reports(place: Place) -> None:
    place.configure(site="site")
    place.grow()
    place.grow()
    assert "site" in place.run().err
    page = (place.folder / "site" / "index.html").read_text()
    assert 'href="../reports/index.html"' in page
    before = state(place.folder / "site")
    place.run()
    assert state(place.folder / "site") == before


def test_the_dataset_is_exported_beside_the_reports(place: Place) -> None:
    place.configure(export="data", url="https://example.org/spack/reports/")
    place.grow()
    assert "tables, 1 spec" in place.run().err
    script = (place.folder / "data" / "census.sql").read_text()
    assert "read_parquet('https://example.org/spack/data/specs.parquet')" in script
    before = state(place.folder / "data")
    assert "export   nothing new: " in place.run().err
    assert state(place.folder / "data") == before


def test_reports_may_lie_in_the_explorer_which_then_is_all_there_is_to_serve(place: Place) -> None:
    place.configure(site="site", reports="site/reports")
    place.grow()
    place.grow()
    assert "site" in place.run().err
    site = place.folder / "site"
    assert 'href="reports/index.html"' in (site / "index.html").read_text()
    assert 'href="../index.html"' in (site / "reports" / "index.html").read_text()
    assert 'href="../../index.html"' in (site / "reports" / FIRST / "report.html").read_text()
    before = state(site)
    place.run()
    assert state(site) == before


def test_an_address_is_fetched_first(place: Place, tmp_path: Path) -> None:
    from support.web import serve

    corpus = Path(__file__).parents[1] / "corpus" / "buildcache"
    with serve(Path(shutil.copytree(corpus, tmp_path / "site"))) as site:
        address = f"{site.url}/v2/cache_spack_io_index.json"
        place.configure(sources=[{"source": address, "to": "mirror"}])
        ran = place.run()
        assert ran.code in {0, 1}, ran.err
        assert re.search(r"^fetch +\S+: \d+ new of \d+ files$", ran.err, re.MULTILINE)
        assert (place.folder / "mirror").is_dir()
        assert "0 new of" in place.run().err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sorces: [docs]", "no key 'sorces' in .*\n  nearest: sources"),
        ("sources: [{source: a, latst: 1}]", r"nearest: sources\[0\]\.latest"),
        ("dataset: ds", "missing required field `sources`"),
        ("sources: []", "length >= 1"),
        ("sources: [docs]\nkeep_reports: 0", "`int` >= 1 - at `keep_reports`"),
        ("sources: [docs]\nkeep_reports: true", "got `bool` - at `keep_reports`"),
        ("sources: [docs]\nwait_seconds: -1", "wait_seconds"),
        ("sources: [docs]\nfolder: /", "no key 'folder'"),
        ("sources: [docs]\nsources: [docs]", "census.yaml:2: the key 'sources' stands twice"),
        ("sources: [docs", r"census.yaml:[12]: "),
        ("- docs", "holds no keys"),
        ("", "holds no keys"),
        ("sources: [docs]\nurl: !!python/name:os.system", "census.yaml:2: could not determine"),
        ("\x00", "a character"),
    ],
)
def test_a_wrong_configuration_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "census.yaml"
    path.write_text(text)
    with pytest.raises(CensusError, match=told):
        read(path)


def test_a_configuration_that_is_not_there_is_told(place: Place) -> None:
    (place.folder / "census.yaml").unlink()
    ran = place.run()
    assert ran.code == 2
    assert "cannot read" in ran.err
    assert "deploy/census.yaml" in ran.err


def test_paths_start_at_the_folder_of_the_file(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    place.grow()
    monkeypatch.chdir(elsewhere)
    assert main(["run", "../census.yaml"]) == 0
    assert (tmp_path / "ds" / "current").exists()
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("name", ["deploy/census.yaml", "deploy/systemd/census.yaml"])
def test_the_configurations_that_ship_can_be_read(name: str) -> None:
    assert read(ROOT / name).sources[0].source.startswith("https://binaries.spack.io/")


def test_the_examples_of_the_docs_can_be_read(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "schedule.md").read_text()
    blocks = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    path = tmp_path / "census.yaml"
    for block in blocks:
        path.write_text(block if "sources:" in block else f"sources: [docs]\n{block}")
        assert read(path).on_change
    known = set(yaml.safe_load(blocks[0]))
    assert known == set(re.findall(r"^\| `(\w+)` \| .* \| .* \|$", page, re.MULTILINE))


def test_the_workflow_runs_what_there_is() -> None:
    text = (ROOT / ".github" / "workflows" / "snapshot-report.yml").read_text()
    workflow = yaml.safe_load(text)
    # YAML 1.1 reads the key `on` as true.
    assert set(workflow[True]) == {"schedule", "workflow_dispatch"}
    assert workflow["concurrency"]["group"]
    (line,) = re.findall(r"census run (\S+\.yaml)", text)
    seconds = read(ROOT / line).run_seconds
    assert seconds < 60 * workflow["jobs"]["report"]["timeout-minutes"]
    assert "--history" in text
    pinned = re.findall(r"uses: (\S+)", text)
    assert len(pinned) == 7
    for action in pinned:
        assert re.fullmatch(r"actions/[a-z/-]+@[0-9a-f]{40}", action), action
    assert workflow["permissions"] == {}
    # Through the environment alone: in a script it would be text of the script.
    assert text.count("github.token") == len(
        re.findall(r"^ +[A-Z_]+: .*token }}$", text, re.MULTILINE)
    )


def test_no_page_names_a_distribution_on_an_index() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")):
        named = re.findall(r"pip install [^\n]*", page.read_text())
        assert not [line for line in named if re.search(r"[ '\"]spack-census\b", line)], page


def test_the_timer_catches_up_and_the_service_takes_1_for_a_success() -> None:
    folder = ROOT / "deploy" / "systemd"
    assert "Persistent=true" in (folder / "spack-census.timer").read_text()
    service = (folder / "spack-census.service").read_text()
    assert "SuccessExitStatus=1\n" in service
    assert "ProtectSystem=strict" in service
