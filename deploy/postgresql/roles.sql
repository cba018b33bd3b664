-- Three databases and three roles for one site. Run once, as the server's administrator:
--   psql -v ON_ERROR_STOP=1 -f deploy/postgresql/roles.sql
-- then give each role a password (psql: \password confide_register) and put it into a password file of mode 0600.
--
-- Whoever may change the keyring can destroy records, and whoever reads it beside the register and the key directory can
-- read them: so each role owns its own database and enters no other. In its own server the keyring is better still.
\set ON_ERROR_STOP on
CREATE ROLE confide_register LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;
CREATE ROLE confide_keyring LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;
CREATE ROLE confide_prefect LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;
CREATE DATABASE confide_register OWNER confide_register TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
CREATE DATABASE confide_keyring OWNER confide_keyring TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
CREATE DATABASE confide_prefect OWNER confide_prefect TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
REVOKE ALL ON DATABASE confide_register, confide_keyring, confide_prefect FROM PUBLIC;
-- values of statements are not for the server's log, whatever its own settings say of others
ALTER DATABASE confide_register SET log_parameter_max_length = 0;
ALTER DATABASE confide_keyring SET log_parameter_max_length = 0;
ALTER DATABASE confide_prefect SET log_parameter_max_length = 0;
