"""The rows. They stay in this room: every other room is given the frozen values of `register.facts`."""

from register.models.audit import AuditEntry
from register.models.disposal import (
    DisposalApproval,
    DisposalCertificate,
    DisposalItem,
    DisposalRun,
    DisposalTransfer,
    DisposalTransferLine,
)
from register.models.forms import FormApproval, FormVersion
from register.models.keeping import CopyGiven, Disclosure, Object, Record
from register.models.people import Agency, CarryOver, Client, NameToken, Organization, Staff
from register.models.retention import Hold, HoldRow, Matter, RetentionEvent, ScheduleVersion
from register.models.work import Move, Packet, Signing, Statement

__all__ = [
    "Agency",
    "AuditEntry",
    "CarryOver",
    "Client",
    "CopyGiven",
    "Disclosure",
    "DisposalApproval",
    "DisposalCertificate",
    "DisposalItem",
    "DisposalRun",
    "DisposalTransfer",
    "DisposalTransferLine",
    "FormApproval",
    "FormVersion",
    "Hold",
    "HoldRow",
    "Matter",
    "Move",
    "NameToken",
    "Object",
    "Organization",
    "Packet",
    "Record",
    "RetentionEvent",
    "ScheduleVersion",
    "Signing",
    "Staff",
    "Statement",
]
