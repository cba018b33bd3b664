"""Pictures that say nothing to those who cannot see them, and the places to sign.

A signature place is a picture with the alt text ``sig:<role>``; its frame is where the signature comes to stand.
Danger: a form without the place, with two of one kind, or with one in a header (which is on every page) cannot be
signed, and that is found out in front of the client. PDF/UA-1 refuses a picture without alt text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from rules.vocabulary import SignerRole
from templates.errors import Place
from templates.lint.paper import Paper, Paragraph
from templates.lint.remark import Check, Remark, block
from templates.place import nearest

_PROPERTIES = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
_BOX = "{http://schemas.microsoft.com/office/word/2010/wordprocessingShape}txbx"
_OLD_PICTURE = "{urn:schemas-microsoft-com:vml}imagedata"
_SIGN = "sig:"
_ROLES = {f"{_SIGN}{role.value}": role for role in SignerRole}


def look(paper: Paper, wanted: Sequence[SignerRole]) -> Iterator[Remark]:
    """Every picture without words, and what is wrong with the places of those who sign (`wanted`)."""
    places: Counter[SignerRole] = Counter()
    for paragraph in paper.paragraphs:
        for words in _pictures(paragraph):
            if not words.strip():
                yield _speechless(paragraph)
            elif words.strip().startswith(_SIGN):
                role = _ROLES.get(words.strip())
                if role is None:
                    yield _unknown(paragraph, words.strip())
                else:
                    places[role] += 1
                    if not paragraph.part.startswith("body"):
                        yield _repeated(paragraph, role)
    yield from _missing(places, wanted)


def misplaced(filled: Paper, signing: Collection[SignerRole]) -> Iterator[Remark]:
    """Of a form filled for somebody: the place of one who does not sign this paper, and none for one who does."""
    there = {role for one in filled.paragraphs for words in _pictures(one) if (role := _ROLES.get(words.strip()))}
    for role in sorted(there ^ set(signing)):
        when = "interpreter.name" if role is SignerRole.INTERPRETER else "signer.both"
        stands = "is printed where nobody signs in it" if role in there else "is missing where somebody must sign"
        yield block(
            Check.SIGNATURE_PLACE,
            Place(part="document"),
            f"The place {_SIGN}{role.value} {stands}.",
            f"Let it stand between {{%r if {when} %}} and {{%r endif %}}."
            if role in (SignerRole.REPRESENTATIVE, SignerRole.INTERPRETER)
            else "Let it stand outside of every condition.",
            "42 CFR 2.14(c), 2.31(a)(8)",
        )


def _pictures(paragraph: Paragraph) -> Iterator[str]:
    for properties in paragraph.element.iter(_PROPERTIES):
        if properties.getparent().find(f".//{_BOX}") is None:  # a text box is read out by its own words
            yield str(properties.get("descr") or "")
    for picture in paragraph.element.iter(_OLD_PICTURE):
        yield str(picture.getparent().get("alt") or "")


def _speechless(paragraph: Paragraph) -> Remark:
    return block(
        Check.PICTURE_WITHOUT_WORDS,
        paragraph.place(),
        "A picture has no alt text.",
        "Say in its alt text what it shows (right click, View alt text); for a signature place: sig:client.",
        "PDF/UA-1 (ISO 14289-1), 7.3",
    )


def _unknown(paragraph: Paragraph, words: str) -> Remark:
    near = nearest(words, _ROLES)
    return block(
        Check.SIGNATURE_PLACE,
        paragraph.place(),
        f"The signature place “{words}” is for nobody.",
        f"Did you mean {near}?" if near else f"Use one of: {', '.join(_ROLES)}.",
    )


def _repeated(paragraph: Paragraph, role: SignerRole) -> Remark:
    return block(
        Check.SIGNATURE_PLACE,
        paragraph.place(),
        f"The signature place {_SIGN}{role.value} stands where it is printed on every page.",
        "Put it into the body of the form.",
    )


def _missing(places: Counter[SignerRole], wanted: Sequence[SignerRole]) -> Iterator[Remark]:
    whole = Place(part="document")
    order = [role for role in SignerRole if role in wanted]
    if list(wanted) != order:
        yield block(
            Check.SIGNATURE_PLACE,
            whole,
            "The signers of form.yaml stand in another order than they can sign in; it could not be signed to the end.",
            f"Put them in this order: {', '.join(order)}.",
        )
    for role in wanted:
        if role not in places:
            yield block(
                Check.SIGNATURE_PLACE,
                whole,
                f"There is no place for the signature of {role.value.replace('_', ' ')}.",
                f"Insert a picture 7 cm wide and 1.9 cm high with the alt text {_SIGN}{role.value}.",
            )
    for role, count in places.items():
        if count > 1:
            yield block(
                Check.SIGNATURE_PLACE,
                whole,
                f"There are {count} places {_SIGN}{role.value}; one person signs one place.",
                "Delete all but one.",
            )
        if wanted and role not in wanted:
            yield block(
                Check.SIGNATURE_PLACE,
                whole,
                f"There is a place {_SIGN}{role.value}, and nobody signs this form in that role.",
                "Delete it, or name the signer in form.yaml.",
            )
