"""Drafting a mail."""

import os
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from senter.errors import InvalidArgument, InvalidState, Unavailable
from senter.tasks.tools import email_draft
from senter.tasks.tools.findings import Findings
from senter.tasks.tools.tool import Context

NOW = "2026-11-22T10:00:00+01:00"
LUNCH = {"to": ["ada@example.org"], "subject": "Lunch", "body": "At noon?"}


@pytest.fixture
def workspace(tmp_path):
    """The path of a workspace that is not there yet."""
    return tmp_path / "workspace"


def draft(workspace, task="12-3", now=NOW, earlier="", **parameters):
    """The findings of drafting a mail, lunch if nothing else is said."""
    context = Context("", (), str(workspace), Findings(earlier), task=task, now=now)
    return email_draft.run({**LUNCH, **parameters}, context)


def asked(**parameters):
    """What has to be approved."""
    return email_draft.asks({**LUNCH, **parameters}, Context(""))


def mail(findings):
    """The mail as a mail program reads it."""
    return message_from_bytes(Path(findings.files[0]).read_bytes(), policy=default)


def text(written):
    """The text of a mail."""
    return written.get_content().replace("\r\n", "\n")


def test_a_mail_is_drafted_into_the_workspace(workspace):
    findings = draft(workspace)
    path = f"{workspace}/drafts/2026-11-22-lunch_12-3.eml"
    assert findings == Findings(
        f"Drafted a mail to ada@example.org about “Lunch” in {path}; it was not sent.",
        files=(path,),
        notice=("A mail is drafted", "To ada@example.org: Lunch", path),
    )
    assert os.listdir(workspace / "drafts") == ["2026-11-22-lunch_12-3.eml"]


def test_a_mail_program_opens_it_for_editing(workspace):
    written = mail(draft(workspace))
    assert dict(written.items()) == {
        "To": "ada@example.org",
        "Subject": "Lunch",
        "Date": "Sun, 22 Nov 2026 10:00:00 +0100",
        "Message-ID": written["Message-ID"],
        "X-Unsent": "1",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "quoted-printable",
        "MIME-Version": "1.0",
    }
    assert written["Message-ID"].endswith("@senter.invalid>")
    assert text(written) == "At noon?\n"
    assert written.defects == []


def test_every_line_is_short_and_ends_as_in_mail_and_the_text_stays_as_it_is(workspace):
    body = f"Grüße,\n\n{'wort ' * 400}\nFrom me\n.\n{'ü' * 999}"
    findings = draft(
        workspace, body=body, subject="Mittag für alle? " + "sehr lang " * 15, to=["a@example.org"] * 20
    )
    raw = Path(findings.files[0]).read_bytes()
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 78
    assert b"\n" not in b"".join(lines)
    assert raw.isascii()
    assert text(mail(findings)) == f"{body}\n"
    assert mail(findings)["Subject"] == ("Mittag für alle? " + "sehr lang " * 15).strip()


def test_without_a_body_what_the_steps_before_wrote_is_drafted(workspace):
    context = Context("", (), str(workspace), Findings("Thirty days."), task="1", now=NOW)
    findings = email_draft.run({"subject": "Cure"}, context)
    assert text(mail(findings)) == "Thirty days.\n"
    assert mail(findings)["To"] is None
    assert findings.notice[1] == "To nobody yet: Cure"


def test_doing_it_again_is_done_already_also_on_another_day(workspace):
    first = draft(workspace)
    before = Path(first.files[0]).stat()
    assert draft(workspace, now="2026-11-23T09:00:00+01:00") == first
    assert Path(first.files[0]).stat() == before


def test_each_task_has_its_own_draft(workspace):
    drafts = [draft(workspace, task=task).files[0] for task in ("12", "2", "1-2", "112")]
    assert len(set(drafts)) == len(os.listdir(workspace / "drafts")) == 4
    assert len({mail(draft(workspace, task=task))["Message-ID"] for task in ("12", "2", "1-2", "112")}) == 4


def test_a_draft_that_was_changed_is_not_overwritten(workspace):
    path = Path(draft(workspace).files[0])
    changed = path.read_bytes().replace(b"noon", b"dusk")
    path.write_bytes(changed)
    with pytest.raises(InvalidState, match=r"lunch_12-3\.eml is there already with other content"):
        draft(workspace)
    assert path.read_bytes() == changed


def test_a_task_without_an_id_has_a_draft_too(workspace):
    assert draft(workspace, task="", now="") == draft(workspace, task="", now="")
    assert draft(workspace, task="../../a", now=NOW).files[0].startswith(f"{workspace}/drafts/2026-11-22-lunch_")


@pytest.mark.parametrize("subject", ["../../.bashrc", "/etc/passwd", "Ünïcode", "日本", "." * 200, "a" * 200])
def test_the_subject_does_not_lead_the_file_elsewhere(workspace, subject):
    path = Path(draft(workspace, subject=subject).files[0])
    assert path.parent == workspace / "drafts"
    assert path.name.startswith("2026-11-22")
    assert len(path.name) < 100


def test_a_link_in_the_place_of_the_drafts_is_not_followed(workspace, tmp_path):
    (tmp_path / "outside").mkdir()
    workspace.mkdir()
    (workspace / "drafts").symlink_to("../outside")
    with pytest.raises(Unavailable, match=r"^the draft cannot be written: Not a directory$"):
        draft(workspace)
    assert os.listdir(tmp_path / "outside") == []


def test_links_and_pipes_among_the_drafts_are_not_opened(workspace, tmp_path):
    (tmp_path / "secret").write_text("Date: SECRET\r\n")
    (workspace / "drafts").mkdir(parents=True)
    (workspace / "drafts/a_12-3.eml").symlink_to("../../secret")
    os.mkfifo(workspace / "drafts/b_12-3.eml")
    assert "SECRET" not in str(mail(draft(workspace)))


def test_who_is_written_to_has_to_be_approved():
    assert asked() == "draft a mail to ada@example.org about “Lunch”"
    assert (
        asked(to=["a@example.org", "b@example.org"]) == "draft a mail to a@example.org, b@example.org about “Lunch”"
    )
    assert asked(to=[]) == ""


def test_an_address_that_looks_like_another_is_shown_as_what_it_is(workspace):
    assert asked(to=["ada@\u0430pple.com"]) == "draft a mail to ada@xn--pple-43d.com about “Lunch”"
    assert asked(to=["Ada@B\u00fccher.example", "ada@\uff45xample.org"]) == (
        "draft a mail to Ada@xn--bcher-kva.example, ada@example.org about “Lunch”"
    )
    assert mail(draft(workspace, to=["ada@\u0430pple.com"]))["To"] == "ada@xn--pple-43d.com"


def test_an_address_is_written_to_once(workspace):
    assert (
        mail(draft(workspace, to=["ada@example.org", "ADA@example.org", " ada@EXAMPLE.org "]))["To"].count("@") == 1
    )


# CWE-93, CWE-113 (header injection), CVE-2023-27043 and CVE-2019-16056 (addresses that parsers read differently),
# CVE-2024-6923 (line breaks in headers)
@pytest.mark.parametrize(
    "address",
    [
        *("ada@example.org\r\nBcc: eve@example.org", "ada@example.org\nBcc: eve@example.org", "ada\r@example.org"),
        *("Ada <ada@example.org>", "<eve@example.org>ada@example.org", "ada@example.org <eve@example.org>"),
        *("ada@example.org,eve@example.org", "ada@example.org;eve@example.org", "ada@example.org eve@example.org"),
        *("ada@eve.example@example.org", "ada@eve.example@", "@eve.example:ada@example.org", "a:b@example.org;"),
        *('"ada"@example.org', '"eve@example.org"@example.org', "ada(eve)@example.org", "ada@example.org(eve)"),
        *(
            "=?utf-8?q?eve?= <eve@example.org>",
            "ada\u202e@example.org",
            "\u0430da@example.org",
            "ada\u200b@example.org",
        ),
        *(
            "ada\uff20example.org",
            "ada@example",
            "ada@.example.org",
            "ada@example..org",
            "ada@-a.org",
            "ada@a-.org",
        ),
        *(
            "ada@127.0.0.1",
            "ada@[127.0.0.1]",
            "ada@[IPv6:::1]",
            "ada",
            "@example.org",
            "",
            " ",
            "ada@",
            "ada@exa mple.org",
        ),
        *(".ada@example.org", "ada.@example.org", "a..da@example.org", "ada@\ud800.org", "ada@example.org\0"),
        *("a" * 65 + "@example.org", "ada@" + "a" * 64 + ".org", "ada@" + "a." * 130 + "org"),
        "ada@example.org" + "\u00ad" * 250 + ".eve.example",
    ],
)
def test_what_is_not_one_plain_address_is_refused(workspace, address):
    for attempt in (lambda: asked(to=[address]), lambda: draft(workspace, to=["bob@example.org", address])):
        with pytest.raises(InvalidArgument, match=r"is not a plain address such as ada@example\.org$"):
            attempt()
    assert not workspace.exists()


@pytest.mark.parametrize(
    "subject",
    [
        *("", "  ", "Lunch\r\nBcc: eve@example.org", "Lunch\nBcc: eve@example.org", "Lunch\rBcc: eve@example.org"),
        *("Lunch\x0bBcc", "Lunch\x85Bcc", "Lunch\0", "Lunch\x1b[2J", "Lunch\u202ehcnuL", "a" * 201, "a\ud800"),
        *(
            "Lunch\u2028Bcc: eve@example.org",
            "=?utf-8?q?Lunch=0D=0ABcc:_eve=40example.org?=",
            "=?utf-8?b?THVuY2g=?=",
        ),
    ],
)
def test_a_subject_that_is_more_than_a_line_of_text_is_refused(workspace, subject):
    for attempt in (lambda: asked(subject=subject), lambda: draft(workspace, subject=subject)):
        with pytest.raises(InvalidArgument, match="subject must be plain text on one line"):
            attempt()
    assert not workspace.exists()


def test_a_body_makes_no_header_and_its_marks_do_nothing(workspace):
    findings = draft(workspace, body="\r\nBcc: eve@example.org\r\rTwo.\x1b[2J\u202e\0\ud800")
    assert mail(findings)["Bcc"] is None
    assert text(mail(findings)) == "Bcc: eve@example.org\n\nTwo.[2J\n"


def test_too_much_is_refused(workspace):
    with pytest.raises(InvalidArgument, match="at most 20 addresses, not 21"):
        draft(workspace, to=[f"{number}@example.org" for number in range(21)])
    with pytest.raises(InvalidArgument, match="body is longer than 200,000 characters"):
        draft(workspace, body="a" * 200_001)
    with pytest.raises(InvalidArgument, match="nothing to draft"):
        draft(workspace, body=" \0")


def test_without_a_workspace_nothing_is_drafted():
    with pytest.raises(InvalidArgument, match="no workspace"):
        draft("")


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "workspace").write_text("")
    with pytest.raises(Unavailable, match=r"^the draft cannot be written: "):
        draft(tmp_path / "workspace")


def test_a_task_of_an_earlier_list_of_goals_has_another_draft(workspace):
    names = set()
    for made in (0, 1_795_338_000_000_000, 1_795_424_400_000_000):
        context = Context("", workspace=str(workspace), task="1.2", now=NOW, made=made)
        names.add(email_draft.run({**LUNCH, "body": f"Written {made}"}, context).files)
    assert len(names) == 3
