"""What clients write as the purpose, every one another, and the organizations of a large register: made up.

One sentence ten thousand times measures one path through the rules; people write of kin, judges and courts, short and
long.
"""

from __future__ import annotations

from rules.vocabulary import Language

ORGANIZATIONS = 2_000
_WHY = {
    Language.EN: (
        "To keep my housing",
        "So that my parole officer can see how I am doing",
        "I want to plan visits with my son at his grandmother's house",
        "To show the judge that I take part in the program",
        "To get my children back and live with my mother and my sister",
        "For the hearing in my case in Family Court",
        "To apply for food stamps, Medicaid and a bus pass",
        "My lawyer's office needs it for my appeal",
        "I am looking for work and need a letter about my attendance",
        "So that the clinic can plan my care. I was told that it takes a week",
        "To help me with child support and my landlord",
        "For a bed at the shelter until I can move in with my brother",
    ),
    Language.ES: (
        "Para conservar mi vivienda",
        "Para que mi oficial de libertad condicional sepa que asisto",
        "Quiero planear visitas con mi hijo en casa de su abuela",
        "Para que la jueza del caso vea mi progreso",
        "Para recuperar a mis hijos y vivir con mi madre y mi hermana",
        "Para la audiencia de mi caso ante el tribunal",
        "Para pedir cupones de alimentos y atención médica",
        "Mi abogado lo necesita para mi apelación",
        "Busco trabajo y necesito una carta sobre mi asistencia",
        "Para que la clínica planee mi atención. Me dijeron que tarda una semana",
        "Para la manutención de mis hijos y el alquiler",
        "Para una cama en el refugio hasta que pueda mudarme con mi hermano",
    ),
}
_MORE = {
    Language.EN: (
        "",
        "before the end of the month",
        "and to finish school",
        "so that we are near her doctor",
        "once I leave the residence",
        "while I look for an apartment of my own",
        "as I said at intake",
        "and for nothing else",
    ),
    Language.ES: (
        "",
        "antes de fin de mes",
        "y terminar la escuela",
        "para estar cerca de su médico",
        "cuando deje la residencia",
        "mientras busco un apartamento propio",
        "como dije en la entrevista",
        "y para nada más",
    ),
}
_WHERE = ("Monroe", "Ontario", "Wayne", "Steuben", "Livingston", "Genesee", "Orleans", "Yates", "Seneca", "Onondaga")
_WHAT = (
    "County Housing Authority",
    "County Department of Human Services",
    "County Family Court",
    "County Legal Aid Society",
    "Community Health Center",
    "Regional Food Bank",
    "County Office of Probation",
    "Valley Reentry Services",
)


def purpose(number: int, language: Language) -> str:
    """One of as many purposes as there are numbers."""
    why, more = _WHY[language], _MORE[language]
    said = f"{why[number % len(why)]} {more[number // len(why) % len(more)]}".rstrip()
    word = "number" if language is Language.EN else "número"
    return f"{said}, {word} {number}"


def organization(number: int) -> str:
    """One of a register of 2,000: more statements than organizations are written in one house."""
    number %= ORGANIZATIONS
    return f"{_WHERE[number % len(_WHERE)]} {_WHAT[number // len(_WHERE) % len(_WHAT)]} {number}"
