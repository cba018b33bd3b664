"""`python -m templates.drafting`: write the Word files of all our forms again from their texts."""

from __future__ import annotations

from templates.drafting.package import draft
from templates.drafting.wording import TEXTS
from templates.form import FORMS


def main() -> None:
    """Write every form in every language that has a text; a file that stays the same is not touched."""
    for path in sorted(TEXTS.glob("*.yaml")):
        form_id, language, _ = path.name.split(".")
        target = FORMS / form_id / f"{language}.docx"
        content = draft(form_id, language)
        if not target.exists() or target.read_bytes() != content:
            target.write_bytes(content)


if __name__ == "__main__":
    main()
