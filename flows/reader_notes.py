"""What somebody reads who was given a closure archive years later, and has never heard of Confide.

Danger: an archive that nobody can open any more, or that is opened where everybody looks on. Invariant: plain words,
whole commands, public programs; the commands are run by tests as they stand here.
"""

from __future__ import annotations

from datetime import date

from storage.archive import ITERATIONS

OPEN = (
    "openssl enc -d -aes-256-cbc -pbkdf2 -iter {iterations} -md sha256 -pass file:key.txt -in {archive}"
    " | tar -x -C opened"
)


def commands(archive: str) -> tuple[str, ...]:
    """What opens an archive, line by line, in a folder that holds it, key.txt and the file of its SHA-256."""
    return (
        f"sha256sum -c {archive}.sha256",
        "mkdir -m 700 opened",
        OPEN.format(iterations=ITERATIONS, archive=archive),
        "cd opened && sha256sum --quiet -c SHA256SUMS",
    )


def for_archive(label: str, archive: str, last: date) -> str:
    """Beside the archive of a program that ended."""
    return (
        _beside(label, archive, last, of="clients of a program that ended")
        + """Within one year of the program's end, the media on which
the records lay before are cleaned too (42 CFR 2.19(b)).
"""
    )


def for_transfer(label: str, archive: str, last: date) -> str:
    """Beside an archive that is handed over to a successor, of records whose time here is over."""
    return (
        _beside(label, archive, last, of="clients whose records are handed over to you")
        + f"""
When you have opened it, fill in RECEIPT.txt and send it back, on paper or by a way that you trust. It asks for what
these two lines answer:

{_lines(receipt_commands(archive))}
Until your receipt is there nothing is destroyed where the records came from. Afterwards yours is the only copy.
"""
    )


def receipt(run: str, organization: str, archive: str, records: int) -> str:
    """What the successor sends back."""
    first, second = receipt_commands(archive)
    return f"""Receipt of records

Disposal run {run}: {archive} with {records} records, handed over to {organization}.

We received it, opened it, and every digest in it was right.

    SHA-256 of the archive   ({first})
    ________________________________________________________________

    SHA-256 of the list in it   ({second})
    ________________________________________________________________

    Received on (YYYY-MM-DD)  __________

    Name, office and signature  ________________________________________
"""


def receipt_commands(archive: str) -> tuple[str, str]:
    """What answers the two questions of a receipt, in the folder where the archive was opened by `commands`."""
    return f"sha256sum {archive}", "sha256sum opened/SHA256SUMS"


def _beside(label: str, archive: str, last: date, *, of: str) -> str:
    return f"""{label}

This folder holds {archive}: signed papers of {of}, encrypted.
They are confidential by law (42 CFR part 2, state law, the ethics of social work). Nobody may read them from
curiosity.

You need, from other people and kept in another place: key.txt and {archive}.sha256.
Without the key nobody can open the archive, and nobody can help you.

To open it, on a computer that is yours alone and whose disk is encrypted (Linux or macOS; on Windows use WSL or
Git Bash), put the files into one folder and type, line by line:

{_lines(commands(archive))}
The first line must answer OK. If it does not, the archive was changed: do not open it.
In the folder "opened", README.txt explains what is there. Delete that folder when you are done.

Each record has its own label with the law that requires it and the day by which it must be destroyed.
The whole archive, every copy of it and every key must be destroyed not later than {last.isoformat()}, and the media
cleaned so that nothing can be brought back (NIST SP 800-88).
"""


def for_keys(archive: str, sheets: int, needed: int) -> str:
    """Beside the key."""
    told = f"""This folder holds the key of {archive}, an archive of confidential records, and its SHA-256.

Keep it apart from the archive: other people, another building. Whoever has both can read everything.
Never send both by the same way. The README beside the archive says how it is opened.
"""
    if not sheets:
        return told
    return (
        told
        + f"""
The {sheets} sheets go to the persons named on them, and to nobody else. Any {needed} of them give the key again if
key.txt is lost; fewer tell nothing. The words are SLIP-39, a public standard; a free program that reads them:

    python3 -m pip install 'shamir-mnemonic[cli]'
    shamir recover

It answers with 64 characters: that line is key.txt.
"""
    )


def inside(program: str, agency: str) -> str:
    """In the archive."""
    return f"""Records of {program}, kept by {agency}.

records/XXXX-XXXX-XXXX.pdf         a signed and sealed paper; the number stands on it. PDF/A: any PDF program opens it.
records/XXXX-XXXX-XXXX.label.txt   the law that requires this record, and the day by which it must be destroyed.
records/XXXX-XXXX-XXXX.csv         whom it is about and what it is, as a table (UTF-8).
organization-root.der              the certificate that the signatures rest on.
SHA256SUMS                         a digest of every file, for sha256sum -c.

The signatures can be checked by any program that knows PAdES, with organization-root.der as the root that is trusted.
They say whose keys signed and by whose clock; they need nothing from the organization, which may be gone.

A record may be shared only as the paper itself allows, and only while it is in effect (its .csv says in what state it
was when this was made). A client has a right to a copy of their own papers.
"""


def _lines(told: tuple[str, ...]) -> str:
    return "".join(f"    {line}\n" for line in told)
