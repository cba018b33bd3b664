"""Signatures: prepare, certify, sign, seal, archive, verify. Bytes in, bytes out; no files, no register.

`authority` issues every certificate; `prepare` places every field before the first signature; `chain` certifies and
signs; `seal` adds the organization's seal, the revocation data of all signers and the archival time stamp (PAdES
B-LTA); `verify` judges a file from anywhere, offline.
"""
