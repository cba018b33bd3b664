"""Django's settings for the register: a database and the hashing of passwords, no door to the network.

There is no SECRET_KEY: nothing here signs a cookie, and asking for it fails loudly until a web door brings its own.
"""

from __future__ import annotations

from register.configuration import configuration
from register.database import django_settings

SECRET_KEY = ""
DEBUG = False
ALLOWED_HOSTS: list[str] = []

INSTALLED_APPS = ["register.apps.RegisterConfig"]
AUTH_USER_MODEL = "register.Staff"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, object]] = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

DATABASES = {"default": django_settings(configuration())}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

# Django's own logging would set up mail and console handlers; what is logged here is decided by the doors
LOGGING_CONFIG = None
