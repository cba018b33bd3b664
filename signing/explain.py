"""The verdict in words a clerk, a client or a receiving organization understands: one to seven sentences.

Danger: people act on these sentences. Invariant: they say whose keys and whose clock a file rests on, they never call
anything legally valid, and what is not accepted always comes with what to do next. No sentence carries a name or a
date of a person: only the organization's and the authority's subject, and times of stamps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from signing.facts import Clock, Level, Outcome, Reading, Reason, ReasonCode
from signing.roles import ARCHIVE_PREFIX

if TYPE_CHECKING:
    from signing.verify import Verdict

_R = ReasonCode
MOST_REASONS = 3
"""So many reasons are told; the rest is in `Verdict.reasons`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    outcome: Mapping[Outcome, str]
    untimed: str
    """Intact but untrusted, when only the time-stamp authority is unknown."""
    reasons: Mapping[ReasonCode, str]
    roles: Mapping[str, str]
    archive: str
    keys: str
    clock: Mapping[Clock, str]
    proven_time: str
    unasked: str
    backwards: str
    next_step: Mapping[Outcome, str]
    set_clock: str
    and_more: str


_EN = _Words(
    outcome={
        Outcome.ACCEPTED: "This file is complete and unchanged: every signature in it checks out{level}.",
        Outcome.SEALED_WITHOUT_TIME: "Everyone has signed and nothing was changed, but no archive stamp proves the "
        "time yet: it was never made, or it was cut off.",
        Outcome.INCOMPLETE: "Nothing was changed, but not everyone has signed.",
        Outcome.INTACT_UNTRUSTED: "Nothing was changed since it was signed, but this check cannot tell who signed.",
        Outcome.REJECTED: "Do not rely on this file: it is not a statement as it was signed and sealed.",
        Outcome.UNREADABLE: "This file cannot be checked.",
    },
    untimed="Nothing was changed since it was signed, but this check cannot tell when that was.",
    reasons={
        _R.NOT_A_PDF: "It is not a PDF file.",
        _R.TOO_LARGE: "It is far larger than any statement.",
        _R.TOO_COMPLEX: "It is built far more intricately than any statement.",
        _R.ENCRYPTED: "It is encrypted or protected by a password; a statement never is.",
        _R.DAMAGED: "It is damaged or cut short.",
        _R.NO_SIGNATURE_FIELDS: "It has no places for signatures, so nobody signed it.",
        _R.FOREIGN_FIELD: "It has a form field that no statement has.",
        _R.DOUBLED_FIELD: "It has two places of the same name: {role}.",
        _R.MISSING_FIELD: "It has no place for {role}, which every statement has.",
        _R.FIELDS_CHANGED: "Its signature places are not those that the organization certified.",
        _R.NOT_CERTIFIED: "The organization's certification is missing or of the wrong kind.",
        _R.WRONG_KIND: "The place for {role} holds something of another kind.",
        _R.OUT_OF_ORDER: "The signatures were not made in the order that a statement is signed in ({role}).",
        _R.EXPECTED_SIGNATURE_GONE: "{Role} is on record as signed, but is not in this file: it was cut back.",
        _R.HYBRID_FILE: "It is built so that different programs can show different contents.",
        _R.BYTES_OUTSIDE: "Something was added before its beginning or after its end.",
        _R.NOT_COVERED_TO_THE_END: "Something was added after the last signature.",
        _R.ARCHIVE_UNREADABLE: "The proofs kept in it cannot be read.",
        _R.SIGNATURE_UNREADABLE: "The signature of {role} cannot be read.",
        _R.CONTENT_ALTERED: "What {role} signed was altered afterwards.",
        _R.SIGNATURE_WRONG: "The signature of {role} is wrong or damaged.",
        _R.RANGE_WRONG: "The signature of {role} does not cover the document as it must.",
        _R.CHANGED_AFTERWARDS: "After {role} signed, something was changed that may not change.",
        _R.CHANGED_AFTER_SEAL: "Something was changed after the organization sealed it.",
        _R.WRONG_CERTIFICATE: "The signature of {role} was made with a key that was issued for another act.",
        _R.MIXED_ISSUERS: "Not all its signatures were made with keys of the same organization.",
        _R.CERTIFICATE_RAN_OUT: "The certificate of {role} has run out, and no archive stamp proves that it was in "
        "force when the signature was made.",
        _R.CERTIFICATE_NOT_VALID: "The certificate of {role} is not valid for this signature.",
        _R.REVOKED: "The certificate of {role} was revoked.",
        _R.NOT_PROVABLE: "The signature of {role} cannot be proven with what the file carries.",
        _R.STAMP_WRONG: "The time stamp of {role} is wrong or damaged.",
        _R.STAMP_NOT_VALID: "The time stamp of {role} does not hold at the moment of this check.",
        _R.UNKNOWN_ROOT: "The root certificate of the organization whose keys were used was not given.",
        _R.UNKNOWN_TIME_AUTHORITY: "Its time stamps come from an authority whose root certificate was not given.",
        _R.CLOCK_BEHIND: "The clock of this computer is behind the time stamps in the file.",
        _R.NOT_SIGNED: "Not signed: {role}.",
        _R.NO_ARCHIVE_STAMP: "The archive stamp is missing.",
    },
    roles={
        "org_cert": "the organization's certification",
        "client": "the client",
        "representative": "the representative",
        "interpreter": "the interpreter",
        "witness": "the witness",
        "org_seal": "the organization's seal",
    },
    archive="the archive stamp",
    keys="It rests on keys issued by: {organization}.",
    clock={
        Clock.OWN: "Its times are asserted by the organization itself{sealed}.",
        Clock.INDEPENDENT: "Its times come from an independent authority ({authority}){sealed}.",
        Clock.MIXED: "Some of its times are asserted by the organization itself, but an independent authority "
        "({authority}) stamped the whole{sealed}.",
        Clock.UNKNOWN: "Whose clock its times come from cannot be told here.",
        Clock.NONE: "Its times are only what the signing computer wrote down.",
    },
    proven_time="Its proofs were judged at the time of its last archive stamp, not at today's date.",
    unasked="Whether that authority's certificate was ever revoked could not be asked offline.",
    backwards="Its times run backwards: a clock was wrong when it was signed. Do not rely on their order.",
    next_step={
        Outcome.ACCEPTED: "",
        Outcome.SEALED_WITHOUT_TIME: "Ask the organization for the archived copy, or check again after its next "
        "nightly upkeep; within thirty days of signing the stamp can still be made.",
        Outcome.INCOMPLETE: "Let the missing signatures be made, or ask the organization for the finished file.",
        Outcome.INTACT_UNTRUSTED: "Get the missing root certificate from its owner by a way you trust and check again "
        "with it (--trust FILE).",
        Outcome.REJECTED: "Keep the file as it is, and ask the organization for its sealed copy.",
        Outcome.UNREADABLE: "Ask for the file again; send the PDF itself, unprotected.",
    },
    set_clock="Set the clock of this computer right and check again.",
    and_more="Further findings: {count}.",
)

_ES = _Words(
    outcome={
        Outcome.ACCEPTED: "Este archivo está completo y sin cambios: todas sus firmas son correctas{level}.",
        Outcome.SEALED_WITHOUT_TIME: "Todos firmaron y nada se cambió, pero ningún sello de archivo prueba todavía la "
        "fecha: no se hizo nunca, o fue cortado.",
        Outcome.INCOMPLETE: "Nada se cambió, pero no todos han firmado.",
        Outcome.INTACT_UNTRUSTED: "Nada se cambió desde la firma, pero esta comprobación no puede decir quién firmó.",
        Outcome.REJECTED: "No confíe en este archivo: no es una declaración tal como se firmó y selló.",
        Outcome.UNREADABLE: "Este archivo no se puede comprobar.",
    },
    untimed="Nada se cambió desde la firma, pero esta comprobación no puede decir cuándo fue.",
    reasons={
        _R.NOT_A_PDF: "No es un archivo PDF.",
        _R.TOO_LARGE: "Es mucho más grande que cualquier declaración.",
        _R.TOO_COMPLEX: "Está construido de forma mucho más complicada que cualquier declaración.",
        _R.ENCRYPTED: "Está cifrado o protegido con contraseña; una declaración nunca lo está.",
        _R.DAMAGED: "Está dañado o cortado.",
        _R.NO_SIGNATURE_FIELDS: "No tiene lugares para firmas; nadie lo firmó.",
        _R.FOREIGN_FIELD: "Tiene un campo de formulario que ninguna declaración tiene.",
        _R.DOUBLED_FIELD: "Tiene dos lugares con el mismo nombre: {role}.",
        _R.MISSING_FIELD: "No tiene lugar para {role}, que toda declaración tiene.",
        _R.FIELDS_CHANGED: "Sus lugares de firma no son los que la organización certificó.",
        _R.NOT_CERTIFIED: "La certificación de la organización falta o no es la debida.",
        _R.WRONG_KIND: "El lugar para {role} contiene algo de otra clase.",
        _R.OUT_OF_ORDER: "Las firmas no se hicieron en el orden en que se firma una declaración ({role}).",
        _R.EXPECTED_SIGNATURE_GONE: "Consta que se firmó ({role}), pero no está en este archivo: fue recortado.",
        _R.HYBRID_FILE: "Está construido de modo que programas distintos pueden mostrar contenidos distintos.",
        _R.BYTES_OUTSIDE: "Se añadió algo antes de su comienzo o después de su final.",
        _R.NOT_COVERED_TO_THE_END: "Se añadió algo después de la última firma.",
        _R.ARCHIVE_UNREADABLE: "Las pruebas guardadas en él no se pueden leer.",
        _R.SIGNATURE_UNREADABLE: "No se puede leer esta firma: {role}.",
        _R.CONTENT_ALTERED: "Lo que se firmó fue alterado después ({role}).",
        _R.SIGNATURE_WRONG: "Esta firma es incorrecta o está dañada: {role}.",
        _R.RANGE_WRONG: "Esta firma no cubre el documento como debe: {role}.",
        _R.CHANGED_AFTERWARDS: "Después de esta firma se cambió algo que no puede cambiar: {role}.",
        _R.CHANGED_AFTER_SEAL: "Se cambió algo después de que la organización lo selló.",
        _R.WRONG_CERTIFICATE: "Esta firma se hizo con una clave emitida para otro acto: {role}.",
        _R.MIXED_ISSUERS: "No todas sus firmas se hicieron con claves de la misma organización.",
        _R.CERTIFICATE_RAN_OUT: "El certificado de esta firma ha vencido, y ningún sello de archivo prueba que estaba "
        "vigente al firmar: {role}.",
        _R.CERTIFICATE_NOT_VALID: "El certificado no es válido para esta firma: {role}.",
        _R.REVOKED: "El certificado de esta firma fue revocado: {role}.",
        _R.NOT_PROVABLE: "Esta firma no se puede probar con lo que lleva el archivo: {role}.",
        _R.STAMP_WRONG: "El sello de tiempo es incorrecto o está dañado: {role}.",
        _R.STAMP_NOT_VALID: "El sello de tiempo no es válido en el momento de esta comprobación: {role}.",
        _R.UNKNOWN_ROOT: "No se dio el certificado raíz de la organización cuyas claves se usaron.",
        _R.UNKNOWN_TIME_AUTHORITY: "Sus sellos de tiempo son de una autoridad cuyo certificado raíz no se dio.",
        _R.CLOCK_BEHIND: "El reloj de esta computadora está atrasado respecto a los sellos de tiempo del archivo.",
        _R.NOT_SIGNED: "Sin firmar: {role}.",
        _R.NO_ARCHIVE_STAMP: "Falta el sello de archivo.",
    },
    roles={
        "org_cert": "la certificación de la organización",
        "client": "el cliente",
        "representative": "el representante",
        "interpreter": "el intérprete",
        "witness": "el testigo",
        "org_seal": "el sello de la organización",
    },
    archive="el sello de archivo",
    keys="Se apoya en claves emitidas por: {organization}.",
    clock={
        Clock.OWN: "Sus fechas las afirma la propia organización{sealed}.",
        Clock.INDEPENDENT: "Sus fechas provienen de una autoridad independiente ({authority}){sealed}.",
        Clock.MIXED: "Algunas de sus fechas las afirma la propia organización, pero una autoridad independiente "
        "({authority}) selló el conjunto{sealed}.",
        Clock.UNKNOWN: "Aquí no se puede decir de qué reloj provienen sus fechas.",
        Clock.NONE: "Sus fechas son solo las que anotó la computadora que firmó.",
    },
    proven_time="Sus pruebas se juzgaron en la fecha de su último sello de archivo, no en la de hoy.",
    unasked="Si el certificado de esa autoridad fue revocado alguna vez no se pudo preguntar sin conexión.",
    backwards="Sus fechas retroceden: un reloj estaba mal cuando se firmó; no se fíe del orden de sus fechas.",
    next_step={
        Outcome.ACCEPTED: "",
        Outcome.SEALED_WITHOUT_TIME: "Pida a la organización la copia archivada, o compruebe de nuevo después de su "
        "mantenimiento nocturno; el sello aún se puede hacer dentro de treinta días de la firma.",
        Outcome.INCOMPLETE: "Haga que se firme lo que falta, o pida a la organización el archivo terminado.",
        Outcome.INTACT_UNTRUSTED: "Obtenga el certificado raíz que falta de su dueño por una vía de confianza y "
        "compruebe de nuevo con él (--trust ARCHIVO).",
        Outcome.REJECTED: "Conserve el archivo tal como está y pida a la organización su copia sellada.",
        Outcome.UNREADABLE: "Pida el archivo otra vez; que le envíen el PDF mismo, sin protección.",
    },
    set_clock="Ponga en hora el reloj de esta computadora y compruebe de nuevo.",
    and_more="Otros hallazgos: {count}.",
)

LANGUAGES: Mapping[str, _Words] = {"en": _EN, "es": _ES}
_SEALED = {"en": "; the last archive stamp is of {when} UTC", "es": "; el último sello de archivo es de {when} UTC"}
_LEVEL = {"en": " (level {level})", "es": " (nivel {level})"}


def explain(verdict: Verdict, language: str = "en") -> tuple[str, ...]:
    """One to seven sentences about `verdict`. Raises KeyError for a language other than "en" and "es"."""
    words = LANGUAGES[language]
    level = _LEVEL[language].format(level=verdict.level) if verdict.level is not Level.NONE else ""
    only_time = verdict.outcome is Outcome.INTACT_UNTRUSTED and verdict.trusted
    sentences = [words.untimed if only_time else words.outcome[verdict.outcome].format(level=level)]
    sentences += _told(verdict, words)
    if verdict.outcome not in (Outcome.REJECTED, Outcome.UNREADABLE):
        if verdict.organization:
            sentences.append(words.keys.format(organization=verdict.organization))
        if verdict.signatures:
            sentences.append(_clock(verdict, words, language))
        if verdict.reading is Reading.PROVEN_TIME:
            sentences.append(words.proven_time)
        if verdict.unasked and verdict.accepted:
            sentences.append(words.unasked)
        if verdict.times_backwards:
            sentences.append(words.backwards)
    clock_behind = only_time and Reason(_R.CLOCK_BEHIND) in verdict.reasons
    sentences.append(words.set_clock if clock_behind else words.next_step[verdict.outcome])
    return tuple(sentence for sentence in sentences if sentence)


def _told(verdict: Verdict, words: _Words) -> list[str]:
    """The reasons as sentences: the telling ones, each once, never more than fit."""
    room = MOST_REASONS if verdict.outcome in (Outcome.REJECTED, Outcome.UNREADABLE) else 1
    if verdict.outcome is Outcome.SEALED_WITHOUT_TIME:
        return []  # the first sentence has said it
    if verdict.outcome is Outcome.INCOMPLETE:
        missing = ", ".join(_role(Reason(_R.NOT_SIGNED, name), words) for name in verdict.unsigned)
        return [words.reasons[_R.NOT_SIGNED].format(role=missing)]
    # what only waits for a signature says nothing about a file that is rejected for more
    weighty = [reason for reason in verdict.reasons if reason.code is not _R.NOT_SIGNED] or list(verdict.reasons)
    told = list(dict.fromkeys(sentence_of(reason, words) for reason in weighty))
    if len(told) > room > 1:
        return [*told[:room], words.and_more.format(count=len(told) - room)]
    return told[:room]


def sentence_of(reason: Reason, words: _Words = _EN) -> str:
    """One reason as a sentence."""
    role = _role(reason, words)
    return words.reasons[reason.code].format(role=role, Role=role[:1].upper() + role[1:])


def _role(reason: Reason, words: _Words) -> str:
    if reason.field.startswith(ARCHIVE_PREFIX):
        return words.archive
    return words.roles.get(reason.field, reason.field)


def _clock(verdict: Verdict, words: _Words, language: str) -> str:
    when = _when(verdict.sealed_at)
    sealed = _SEALED[language].format(when=when) if when else ""
    return words.clock[verdict.clock].format(sealed=sealed, authority=verdict.time_authority)


def _when(moment: datetime | None) -> str:
    return "" if moment is None else moment.strftime("%Y-%m-%d %H:%M")
