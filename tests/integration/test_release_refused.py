"""What is not released: what nobody committed or tagged, over files of somebody else, with a name that is no image's."""

from __future__ import annotations

import pytest

from tests.integration.pipelines import git
from tests.integration.publishing import IMAGE, VERSION, Checkout
from tests.release.checksums import CHECKSUMS
from tests.release.cluster_files import checked_image
from tests.release.saying import ReleaseError


def refusal(checkout: Checkout, *options: str, **more: str) -> str:
    """Return why a release is not made, in one line; `make` adds its own."""
    command = " ".join(["make", "release", *options])
    before = (checkout.dist / CHECKSUMS).stat().st_mtime_ns
    done = checkout.run(command, **more)
    assert done.returncode == 2
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert (checkout.dist / CHECKSUMS).stat().st_mtime_ns == before
    assert [path.name for path in checkout.folder.glob(".dist*")] == []
    return said[-1]


def test_what_is_not_committed_is_refused_and_named(published: Checkout) -> None:
    stray = published.folder / "operator/perfana_support/stray.py"
    stray.write_text('"""Nobody committed this."""\n')
    said = refusal(published)
    stray.unlink()
    assert said == (
        "release: not committed: operator/perfana_support/stray.py; commit or remove them, "
        "or, for a trial that is not published: make release ALLOW_DIRTY=1"
    )


def test_what_git_status_was_told_to_pass_over_is_refused_and_named(published: Checkout) -> None:
    values = published.folder / "charts/perfana-support/values.yaml"
    kept = values.read_bytes()
    git(published.folder, "update-index", "--assume-unchanged", str(values))
    values.write_bytes(kept + b"# Nobody committed this.\n")
    assert git(published.folder, "status", "--porcelain") == ""
    said = refusal(published)
    values.write_bytes(kept)
    git(published.folder, "update-index", "--no-assume-unchanged", str(values))
    assert "release: not as it was committed, though git status does not tell: charts/perfana-support/values.yaml; " in said


@pytest.mark.parametrize("word", ["false", "no", "0", "No", "FALSE", ""])
def test_no_is_no_trial(published: Checkout, word: str) -> None:
    stray = published.folder / "stray"
    stray.touch()
    said = refusal(published, f"ALLOW_DIRTY={word}")
    stray.unlink()
    assert said.startswith("release: not committed: stray; ")


def test_what_is_neither_yes_nor_no_is_refused(published: Checkout) -> None:
    said = refusal(published, "ALLOW_DIRTY=perhaps")
    assert said == "release: ALLOW_DIRTY=perhaps is neither yes (1, yes, true) nor no (0, no, false)"


def test_a_commit_without_the_tag_is_refused(published: Checkout) -> None:
    git(published.folder, "tag", "moved", f"v{VERSION}")
    git(published.folder, "tag", "--delete", f"v{VERSION}")
    said = refusal(published)
    git(published.folder, "tag", f"v{VERSION}", "moved")
    git(published.folder, "tag", "--delete", "moved")
    assert f" has no tag v{VERSION}: git tag --annotate v{VERSION}, or, for a trial" in said


def test_a_folder_with_files_of_somebody_else_is_left_alone(published: Checkout) -> None:
    note = published.dist / "notes.txt"
    note.write_text("mine")
    said = refusal(published)
    assert note.read_text() == "mine"
    note.unlink()
    dist = published.dist
    assert said == f"release: {dist} has files of no earlier release, such as notes.txt: move them away, or rm -r {dist}"


def test_a_name_of_an_image_with_a_tag_is_refused(published: Checkout) -> None:
    said = refusal(published, "IMAGE=registry.example.com/perfana-support:1.0")
    assert said.startswith("release: IMAGE=registry.example.com/perfana-support:1.0 is no name such as ")


def test_a_trial_that_fails_leaves_the_earlier_release(published: Checkout) -> None:
    values = published.folder / "charts/perfana-support/values.yaml"
    kept = values.read_bytes()
    values.write_bytes(kept.replace(b"  repository: perfana-support\n", b"  repository: another\n"))
    said = refusal(published, f"IMAGE={IMAGE}", "ALLOW_DIRTY=1")
    values.write_bytes(kept)
    assert said.startswith("release: the chart's values.yaml names the image 0 times and not once")


@pytest.mark.parametrize(
    "image", ["perfana-support", "a/b@sha256:" + "0" * 64, "a/b:1", "https://a.example/b", "a/b c", "A/B", "/b", "a/", "a//b"]
)
def test_only_a_registry_and_a_name_are_an_image(image: str) -> None:
    with pytest.raises(ReleaseError, match="give registry and name"):
        checked_image(image)
    for good in ("", "localhost:5000/perfana-support", "registry.example.com/a/b-c", "10.0.0.1:5000/a_b"):
        assert checked_image(good) == good
