"""Signatures: prepare, certify, sign, seal, archive. Bytes in, bytes out; nothing here reads a file, a clock of its own or the register.

`authority` issues every certificate, `prepare` places every field before the first signature, `chain` certifies and
signs, `seal` adds the organization's seal, the revocation data of all signers and the archival time stamp (PAdES B-LTA).
"""
