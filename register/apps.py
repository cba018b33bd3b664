"""The Django application."""

from __future__ import annotations

from django.apps import AppConfig


class RegisterConfig(AppConfig):
    """The register's tables."""

    name = "register"
    label = "register"
