"""The controlled words of the house: every state, kind, role and code that crosses a border between rooms.

Danger: a bare string that is nearly right ("parole officer", "Active") slips past a rule that compares with the right
one, and a statement is made or kept alive that should not be. Invariant: whatever is compared anywhere is one of these
members, parsed once at the door; their values are lower_snake and are stored, so they are never renamed, only added to.

Labels a person reads are not here: they are data in both languages (`rules.wording`).
"""

from __future__ import annotations

from enum import StrEnum


class Language(StrEnum):
    """Languages a form is published in."""

    EN = "en"
    ES = "es"


class ProgramClass(StrEnum):
    """Which law governs a program unit's records; a unit may hold several at once (domain notes, section 0)."""

    PART2_PROGRAM = "part2_program"
    PART2_LAWFUL_HOLDER = "part2_lawful_holder"
    HIPAA_COVERED_ENTITY = "hipaa_covered_entity"
    HIPAA_BUSINESS_ASSOCIATE = "hipaa_business_associate"
    STATE_SPECIAL = "state_special"
    ETHICS_ONLY = "ethics_only"
    UNKNOWN = "unknown"
    """Not classified yet: discloses nothing but emergencies (finding U01)."""


class OrganizationKind(StrEnum):
    """What a receiving organization is; some rules hang on it (V07, C04), the purposes suited to it too."""

    PAROLE = "parole"
    PROBATION = "probation"
    COURT = "court"
    PROSECUTOR = "prosecutor"
    JAIL = "jail"
    DEFENDER = "defender"
    HOUSING = "housing"
    TREATMENT = "treatment"
    HEALTH_PLAN = "health_plan"
    PAYER = "payer"
    EMPLOYER = "employer"
    SCHOOL = "school"
    FAMILY_SERVICES = "family_services"
    GOVERNMENT = "government"
    LEGAL = "legal"
    INTERMEDIARY = "intermediary"
    CONSULTANT = "consultant"
    """A practice that advises our staff, or teaches with what they tell (NASW 1.07(p), (q) of 1999)."""
    OTHER = "other"


CRIMINAL_JUSTICE_KINDS = frozenset(
    {
        OrganizationKind.PAROLE,
        OrganizationKind.PROBATION,
        OrganizationKind.COURT,
        OrganizationKind.PROSECUTOR,
        OrganizationKind.JAIL,
    }
)
"""Recipients that never receive for treatment, payment or operations (V07), and the only ones of the 2.35 form."""

TPO_KINDS = frozenset(
    {
        OrganizationKind.TREATMENT,
        OrganizationKind.HEALTH_PLAN,
        OrganizationKind.PAYER,
        OrganizationKind.GOVERNMENT,
    }
)
"""Recipients that can be covered entities receiving for treatment, payment or operations (2.31(a)(4)(iii)).

A government agency too: Medicaid is a health plan, a county's clinic a provider (45 CFR 160.103).
"""

PAYERS = frozenset({OrganizationKind.PAYER, OrganizationKind.HEALTH_PLAN})
"""Organizations that pay for care (NASW 1.07(h))."""


class Family(StrEnum):
    """What kind of paper a form is; the family decides the clauses and the rules."""

    SPECIFIC = "specific"
    CRIMINAL_JUSTICE = "criminal_justice"
    CRIMINAL_JUSTICE_COVERED = "criminal_justice_covered"
    """That of 42 CFR 2.35 for a HIPAA covered entity: none ships, counsel may publish one."""
    ACKNOWLEDGMENT = "acknowledgment"
    TPO = "tpo"
    LEGAL_PROCEEDING = "legal_proceeding"
    PAYER = "payer"
    CONSULTATION = "consultation"
    COUNSELING_NOTES = "counseling_notes"
    HIV = "hiv"
    GROUP_AGREEMENT = "group_agreement"
    REVOCATION = "revocation"
    ELECTRONIC_RECORDS = "electronic_records"
    RECORDS_TRANSFER = "records_transfer"
    ACCOMPANYING_NOTICE = "accompanying_notice"
    """The notice of 42 CFR 2.32 that goes with a disclosure; nobody signs it."""
    PATIENT_NOTICE = "patient_notice"
    """What a Part 2 program tells its patients of their records' protection (2.22)."""

    @property
    def discloses(self) -> bool:
        """True when a paper of this family lets information go to a receiving organization."""
        return self not in _NOT_DISCLOSING

    @property
    def limited(self) -> bool:
        """True when it can be revoked only from a named time or event on (2.35(c))."""
        return self in _LIMITED

    @property
    def signed(self) -> bool:
        """True when a paper of this family means nothing without signatures."""
        return self is not Family.ACCOMPANYING_NOTICE


_LIMITED = frozenset({Family.CRIMINAL_JUSTICE, Family.CRIMINAL_JUSTICE_COVERED})

_NOT_DISCLOSING = frozenset(
    {
        Family.ACKNOWLEDGMENT,
        Family.GROUP_AGREEMENT,
        Family.REVOCATION,
        Family.ELECTRONIC_RECORDS,
        Family.ACCOMPANYING_NOTICE,
        Family.PATIENT_NOTICE,
    }
)


class InformationCategory(StrEnum):
    """What may be shared: the controlled list of 2.31(a)(3), described in data/categories.yaml."""

    ATTENDANCE = "attendance"
    PROGRESS = "progress"
    PROGRAM_STATUS = "program_status"
    TREATMENT_STATUS = "treatment_status"
    SUBSTANCE_USE_TREATMENT = "substance_use_treatment"
    DRUG_TEST_RESULTS = "drug_test_results"
    ASSESSMENT = "assessment"
    SERVICE_PLAN = "service_plan"
    DIAGNOSIS = "diagnosis"
    MEDICATIONS = "medications"
    PHYSICAL_HEALTH = "physical_health"
    MENTAL_HEALTH = "mental_health"
    HOUSING = "housing"
    EMPLOYMENT = "employment"
    EDUCATION = "education"
    BENEFITS = "benefits"
    INCOME = "income"
    IDENTITY_DOCUMENTS = "identity_documents"
    CONTACT_DETAILS = "contact_details"
    FAMILY_SITUATION = "family_situation"
    SUPERVISION_CONDITIONS = "supervision_conditions"
    DISCHARGE_SUMMARY = "discharge_summary"
    BILLING = "billing"
    ENTIRE_RECORD = "entire_record"
    """Everything: needs a written justification (V13)."""
    HIV_INFORMATION = "hiv_information"
    """Special: only on the HIV release (NY PHL 27-F)."""
    COUNSELING_NOTES = "counseling_notes"
    """Special: only on its own form, with no other category (V10)."""


class PurposeCode(StrEnum):
    """Why information is shared: the controlled list of 2.31(a)(5), described in data/purposes.yaml."""

    SUPERVISION = "supervision"
    COURT_MONITORING = "court_monitoring"
    RELEASE_PLANNING = "release_planning"
    HOUSING_PLACEMENT = "housing_placement"
    EMPLOYMENT_SUPPORT = "employment_support"
    EDUCATION_SUPPORT = "education_support"
    BENEFITS_ENROLLMENT = "benefits_enrollment"
    SERVICE_COORDINATION = "service_coordination"
    FAMILY_REUNIFICATION = "family_reunification"
    REFERRAL = "referral"
    TREATMENT = "treatment"
    PAYMENT = "payment"
    HEALTH_CARE_OPERATIONS = "health_care_operations"
    LEGAL_REPRESENTATION = "legal_representation"
    LEGAL_PROCEEDING = "legal_proceeding"
    FUNDER_REPORTING = "funder_reporting"
    CONSULTATION = "consultation"
    """Advice to our staff about the client; only on its own form (NASW 1.07(q) of 1999)."""
    TEACHING = "teaching"
    """Teaching and training others; only on its own form (NASW 1.07(p) of 1999)."""
    RECORDS_TRANSFER = "records_transfer"
    """Moving the record to whoever goes on with the service; only on its own form (2.19; NASW 1.07(n), (o) of 1999)."""
    CLIENT_REQUEST = "client_request"
    """"At the request of the client": only when the client starts it (2.31(a)(5)(i))."""


TPO_PURPOSES = frozenset({PurposeCode.TREATMENT, PurposeCode.PAYMENT, PurposeCode.HEALTH_CARE_OPERATIONS})
"""Treatment, payment and health care operations (2.31(a)(5)(ii))."""


class GroupKind(StrEnum):
    """Sessions with more than one client (NASW 1.07(f))."""

    GROUP = "group"
    FAMILY = "family"
    COUPLE = "couple"


class MandateKind(StrEnum):
    """What made taking part in the program a condition (2.35(a))."""

    PROBATION_CONDITION = "probation_condition"
    PAROLE_CONDITION = "parole_condition"
    PRETRIAL_RELEASE = "pretrial_release"
    DEFERRED_PROSECUTION = "deferred_prosecution"
    TREATMENT_COURT = "treatment_court"
    CONDITIONAL_RELEASE = "conditional_release"
    OTHER_COURT_ORDER = "other_court_order"


class StatementState(StrEnum):
    """Where a statement stands; the ways between are in `rules.lifecycle`."""

    DRAFT = "draft"
    PRESENTED = "presented"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DECLINED = "declined"
    VOID = "void"
    REVOCATION_REQUESTED = "revocation_requested"
    REVOKED = "revoked"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    KNOWN_FALSE = "known_false"


class PacketState(StrEnum):
    """Where the issuing of a packet stands; the register row is the queue."""

    REQUESTED = "requested"
    ISSUING = "issuing"
    ISSUED = "issued"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class Proof(StrEnum):
    """How far a statement's bytes are proven; an axis apart from its state."""

    NONE = "none"
    PARTIAL = "partial"
    SEALED_WITHOUT_TIME = "sealed_without_time"
    SEALED = "sealed"


class SignerRole(StrEnum):
    """Who makes a signature in the file."""

    ORG_CERT = "org_cert"
    CLIENT = "client"
    REPRESENTATIVE = "representative"
    INTERPRETER = "interpreter"
    WITNESS = "witness"
    ORG_SEAL = "org_seal"


class SignerCapacity(StrEnum):
    """In what right the signer signs for the client (2.14, 2.15, 164.508(c)(1)(vi))."""

    CLIENT = "client"
    PARENT = "parent"
    GUARDIAN = "guardian"
    PERSONAL_REPRESENTATIVE = "personal_representative"
    PROGRAM_DIRECTOR = "program_director"
    """For payment alone, while a client who was not adjudicated cannot act (2.15(a)(2))."""


class AuthorityPaper(StrEnum):
    """What shows that a person may sign for a client; staff saw it (164.508(c)(1)(vi), 164.514(h)(2))."""

    BIRTH_RECORD = "birth_record"
    CUSTODY_ORDER = "custody_order"
    COURT_ORDER = "court_order"
    """An order that appoints a guardian."""
    LETTERS = "letters"
    """Letters of guardianship, testamentary or of administration."""
    POWER_OF_ATTORNEY = "power_of_attorney"
    DIRECTORS_FINDING = "directors_finding"
    """The program's own record that the client cannot act for now (2.15(a)(2))."""


class MinorBasis(StrEnum):
    """Who must sign for a client who is a minor (2.14); staff record which, by state law."""

    MAY_CONSENT_ALONE = "may_consent_alone"
    """State law lets the minor obtain the service alone: only the minor signs (2.14(a), (b))."""
    PARENT_MUST_JOIN = "parent_must_join"
    """Parental consent is required for the service: the minor and a parent or guardian both sign (2.14(c))."""


class Severity(StrEnum):
    """BLOCK stops the verb; WARN is shown and goes on."""

    BLOCK = "block"
    WARN = "warn"


class DisclosureBasis(StrEnum):
    """Why something goes to somebody other than the client."""

    CONSENT = "consent"
    MEDICAL_EMERGENCY = "medical_emergency"
    IMMINENT_THREAT = "imminent_threat"
    CHILD_ABUSE_REPORT = "child_abuse_report"
    COURT_ORDER = "court_order"
    CLOSURE = "closure"
    """Kept on by a custodian after the program ended (42 CFR 2.19)."""


class InkKind(StrEnum):
    """How a signature is made by hand: drawn, typed, or a witnessed mark."""

    DRAWN = "drawn"
    TYPED = "typed"
    MARK = "mark"


class ReadOn(StrEnum):
    """What the signer read the document on before signing it, as whoever conducted the ceremony says."""

    FILE = "file"
    """A screen: the very bytes, in a file that Confide wrote for it."""
    PAPER = "paper"
    """A printed copy."""


class IdentifiedHow(StrEnum):
    """How the witness knew that the signer is the person named (attribution: UETA 9, ESIGN)."""

    PHOTO_ID = "photo_id"
    CORRECTIONS_ID = "corrections_id"
    BENEFIT_CARD = "benefit_card"
    KNOWN_PERSONALLY = "known_personally"
    VOUCHED_FOR = "vouched_for"
    ONE_TIME_CODE = "one_time_code"


def criminal_justice(kind: OrganizationKind) -> bool:
    """True for parole, probation, court, prosecutor and jail."""
    return kind in CRIMINAL_JUSTICE_KINDS
