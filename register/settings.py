"""Django's settings for the register: a database and the hashing of passwords, no door to the network.

There is no SECRET_KEY: nothing here signs a cookie, and asking for it fails loudly until a web door brings its own.
"""

from __future__ import annotations

from register.configuration import configuration

SECRET_KEY = ""
DEBUG = False
ALLOWED_HOSTS: list[str] = []

INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "register.apps.RegisterConfig"]
AUTH_USER_MODEL = "register.Staff"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, object]] = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(configuration().database_path),
        "OPTIONS": {
            # every transaction here writes: taking the write lock first means waiting, never a failed upgrade of a lock
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # FULL: a signature that was answered "stored" survives the plug being pulled
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

# Django's own logging would set up mail and console handlers; what is logged here is decided by the doors
LOGGING_CONFIG = None
