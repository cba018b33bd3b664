"""Purposes and names made up by the thousand, in both languages: with people in them and without."""

from __future__ import annotations

import random
from collections.abc import Iterator

_OPENINGS = (
    *("To keep", "I want to plan", "So that", "For", "My goal is", "We need help with", "Until", "When", "A place for"),
    *("to update", "I'm asking for", "The program needs", "Because", "She knows", "Please tell", "In order to see"),
    *("Para", "Quiero", "Para que", "Mi meta es", "Cuando", "Hasta que", "Necesito ayuda con", "Pido a", "A fin de"),
)
_MIDDLES = (
    *("visits with my son at his grandmother's house", "housing for myself and my two-bedroom family", "my rent"),
    *("my parole officer about my work", "the judge", "my sister's apartment", "my mother, my sister and my kids"),
    *("food stamps and Medicaid", "my case in Family Court", "Section 8", "the Department of Probation", "my GED"),
    *("Monroe County Housing Authority", "the hearing on Monday", "my officer at intake", "a copy of my file"),
    *("care of my children", "contact with my daughter", "the point of contact", "ask for help", "off parole"),
    *("Officer Ruiz", "Linda's office", "attn Maria", "Dr. Martin Luther King Jr. Center", "my sponsor Dante"),
    *("my sister Keisha", "J. Smith", "Cifarelli", "keisha at parole", "my officer. I report weekly", "Judge Lee"),
    *("Krzysztof Maccini", "x4471 Marchetti", "k.moore@agency.gov", "Hope Williams", "Grace Love, LMSW", "tony"),
    *("la vivienda", "mi hija en casa de su abuela", "mi oficial de libertad condicional", "el juez del caso"),
    *("la Oficial Ruiz", "mi mamá, Rosa", "la clínica donde la atienden", "el Seguro Social", "cupones de alimentos"),
    *("preguntar por Ivelisse", "el director del programa", "la Trabajadora Social Ana Torres", "don Pedro"),
    *("my officer van der Berg", "Wegmans' office", "Puerto Rico", "Jennifer House", "Joseph Avenue", "the Big House"),
)
_ENDS = (
    *(
        "",
        ".",
        " every week.",
        ", and then",
        " at 12 Elm Street",
        " in Rochester.",
        " so I can work.",
        ", LMSW",
        " knows",
    ),
    *(" says so", " signs it", ", I hope", ". I finish school.", ". My goal is work.", " (my caseworker)", " - parole"),
    *(
        " cada semana.",
        " sepa que asisto",
        " firme mi carta.",
        ", y mi trabajo",
        ". Quiero trabajar.",
        " / intake",
        "?",
    ),
    *(". The judge decides", ": Ruiz", " with Torres", " on Sundays", " de la ciudad", " Inc.", " 4471", "! Thank you"),
)


def sentences(count: int, seed: int = 1) -> Iterator[str]:
    """So many texts, the same for one seed."""
    drawn = random.Random(seed)
    for _ in range(count):
        said = f"{drawn.choice(_OPENINGS)} {drawn.choice(_MIDDLES)}{drawn.choice(_ENDS)}"
        if drawn.random() < 0.3:
            said += f" {drawn.choice(_OPENINGS).lower()} {drawn.choice(_MIDDLES)}{drawn.choice(_ENDS)}"
        if drawn.random() < 0.1:
            said = said.upper() if drawn.random() < 0.5 else said.lower()
        yield said if drawn.random() < 0.8 else drawn.choice(_MIDDLES)
