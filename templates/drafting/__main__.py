"""`python -m templates.drafting`: write the Word files of all our forms again from their texts, and their snapshots."""

from __future__ import annotations

from templates.drafting.package import draft
from templates.drafting.wording import PAPERS as PAPER_TEXTS
from templates.drafting.wording import TEXTS
from templates.form import FORMS
from templates.papers import PAPERS
from templates.snapshot import snapshot


def main() -> None:
    """Write every form and paper in every language that has a text; a file that stays the same is not touched."""
    for texts, folder in ((TEXTS, FORMS), (PAPER_TEXTS, PAPERS)):
        for path in sorted(texts.glob("*.yaml")):
            form_id, language, _ = path.name.split(".")
            target = folder / form_id / f"{language}.docx"
            content = draft(form_id, language, texts)
            if not target.exists() or target.read_bytes() != content:
                target.write_bytes(content)
            told = target.with_suffix(".txt")
            if not told.exists() or told.read_text(encoding="utf-8") != snapshot(content):
                told.write_text(snapshot(content), encoding="utf-8")


if __name__ == "__main__":
    main()
