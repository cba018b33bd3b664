"""Imported first by every module that Prefect loads on its own: sets Django up before the register's rows are
imported.
"""

from register.boot import ready

ready()
