-- What generate_map() takes columns for: by their names in several languages, by what stands
-- beside them, and by their values; what goes with rows that are nothing without a person.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA guess;
SET search_path = guess;
CREATE FUNCTION said(subject regclass, pattern text) RETURNS SETOF text LANGUAGE sql SET search_path = guess, pv AS
    $$SELECT line FROM regexp_split_to_table(pv.generate_map(subject), '\n') AS line WHERE line ~ pattern$$;

-- Norwegian, Danish, Swedish, German, Dutch, French, Spanish, abbreviations, camelCase, quoted names
CREATE TABLE person (id int PRIMARY KEY, "Fødselsnummer" text, fornavn text, etternavn text, adresse text, postnr text, telefon text, epost text);
CREATE TABLE kund (id int PRIMARY KEY, "förnamn" text, efternamn text, gata text, "födelsedatum" date, "lösenord" text, "kön" text);
CREATE TABLE mitarbeiter (id int PRIMARY KEY, "Vorname" text, "Nachname" text, "Straße" text, "PLZ" text, "Geburtsdatum" date, "E-Mail-Adresse" text, "Bemerkung" text);
CREATE TABLE klant (id int PRIMARY KEY, voornaam text, achternaam text, straat text, woonplaats text, telefoon text, geboortedatum date, wachtwoord text, bsn text);
CREATE TABLE client (id int PRIMARY KEY, "prénom" text, nom text, rue text, ville text, date_naissance date, mot_de_passe text, courriel text, commentaire text);
CREATE TABLE usuario (id int PRIMARY KEY, nombre text, apellidos text, calle text, "teléfono" text, fecha_nacimiento date, "contraseña" text, dni text, correo text);
CREATE TABLE emp (id int PRIMARY KEY, fname text, lname text, dob date, ssn text, tel text, addr1 text, zip text, iban text, pwd text, "customerSSN" text, "firstName" text);
SELECT said('person', 'declare_(not_)?personal');
SELECT said('kund', 'declare_(not_)?personal.*kund');
SELECT said('mitarbeiter', 'declare_(not_)?personal.*mitarbeiter');
SELECT said('klant', 'declare_(not_)?personal.*klant');
SELECT said('client', 'declare_(not_)?personal.*client');
SELECT said('usuario', 'declare_(not_)?personal.*usuario');
SELECT said('emp', 'declare_(not_)?personal.*emp''');

-- Secrets under any name and type; what is about a secret is none, nor is a hash of a thing
CREATE TABLE users (id int PRIMARY KEY, login text, pass_crypt text, password_digest text, bcrypt_password_hash text, backup_codes int[], totp_secret bytea,
    session_id uuid, reset_code text, token_count int, token_type text, password_changed_at timestamptz, default_image_size text, secretary text, keyring text,
    home_lat float8, home_lon float8, home_tile bigint, tile_set text, last_seen_at timestamptz, created_at timestamptz);
INSERT INTO users (id, login, keyring) SELECT i, 'u' || i, '$2a$10$' || md5(CAST(i AS text)) FROM generate_series(1, 5) i;
CREATE TABLE picture (id int PRIMARY KEY, user_id int REFERENCES users, name text, pixel_hash text, file_hash bytea, image_width text, file_name text, relationship_name text, automobile text);
INSERT INTO picture (id, user_id, name) SELECT i, i, 'Blue Mountain' FROM generate_series(1, 5) i;
-- Names are a person's in a table of persons, or of what one has alone; mail and telephones are wherever they are
CREATE TABLE email_addresses (id int PRIMARY KEY, user_id int REFERENCES users, address text, normalized_address text, created_at timestamptz);
CREATE TABLE user_name_changes (id int PRIMARY KEY, user_id int REFERENCES users, desired_name text);
CREATE TABLE parcel (id int PRIMARY KEY, user_id int REFERENCES users, ship_name text, ship_address text, ship_state text, label text, call_first text, order_no text);
INSERT INTO parcel (id, user_id, call_first, order_no, label) SELECT i, i, '+47 911 22 33' || i, '2024-0001' || i, 'x' || i || '@example.no' FROM generate_series(1, 5) i;
-- What is named after a person's things, and is none: codes of countries, files, cards to look at
CREATE TABLE odds (id int PRIMARY KEY, user_id int REFERENCES users, age_rating text, card_background text, phone_code text, store_fname text, smtp_pass text,
    created_by text, acc_number text);
-- The key of a value is a code unless each row has its own
CREATE TABLE preference (id int PRIMARY KEY, user_id int REFERENCES users, k text, v text);
INSERT INTO preference SELECT i, i, 'colour', 'c' || i FROM generate_series(1, 5) i;
-- Numbers of a chart of accounts, and of an account at a bank
CREATE TABLE account (id int PRIMARY KEY, user_id int REFERENCES users, accountnumber text);
CREATE TABLE bank (id int PRIMARY KEY, user_id int REFERENCES users, accountnumber text);
-- What hangs on rows of a person may be a thing; a code that refers to others is none of the person
CREATE TABLE edit (id int PRIMARY KEY, user_id int REFERENCES users);
CREATE TABLE language (code text PRIMARY KEY);
CREATE TABLE place (id int PRIMARY KEY, edit_id int REFERENCES edit, latitude float8, longitude float8, tile int);
CREATE TABLE place_tag (place_id int REFERENCES place, k text, v text, PRIMARY KEY (place_id, k));
CREATE TABLE entry (id int PRIMARY KEY, user_id int REFERENCES users, language_code text NOT NULL REFERENCES language, spoken text REFERENCES language, words tsvector, title text, scan bytea);
CREATE TRIGGER entry_words BEFORE INSERT OR UPDATE ON entry FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(words, 'pg_catalog.simple', title);
INSERT INTO language SELECT 'l' || i FROM generate_series(1, 5) i; INSERT INTO entry (id, user_id, language_code, spoken) SELECT i, i, 'l' || i, 'l' || i FROM generate_series(1, 5) i;
-- Rows that are nothing without the person: sessions, and votes that say no more; not what others hang on
CREATE TABLE session (id int PRIMARY KEY, user_id int REFERENCES users, data text);
CREATE TABLE vote (id int PRIMARY KEY, user_id int REFERENCES users, edit_id int REFERENCES edit, score int);
CREATE TABLE vote_of_jury (id int PRIMARY KEY, user_id int REFERENCES users, edit_id int REFERENCES edit, opinion text);
CREATE TABLE friends (id int PRIMARY KEY, user_id int REFERENCES users, friend_user_id int REFERENCES users, created_at timestamptz);
CREATE TABLE subscription (id int PRIMARY KEY, user_id int REFERENCES users, plan_id int, amount numeric);
CREATE TABLE grants (id int PRIMARY KEY, user_id int REFERENCES users, token text);
CREATE TABLE grant_use (id int PRIMARY KEY, grant_id int REFERENCES grants, at timestamptz);
-- The place at the other end of a junction is told by the lines of an address.
CREATE TABLE spot (id int PRIMARY KEY, line_one text, mail_code text);
CREATE TABLE user_spot (user_id int REFERENCES users, spot_id int REFERENCES spot, PRIMARY KEY (user_id, spot_id));
CREATE TABLE newsletter (id int PRIMARY KEY, email text);
CREATE UNIQUE INDEX ON users (login);
SELECT said('users', 'declare_(not_)?personal|^-- [a-z_, ]+: (named|a ref|where|said)');
SELECT said('users', 'on_erase');
SELECT said('users', 'guess.spot');
SELECT said('users', 'declare_retention.*(users|email_addresses)|kept as long|email_addresses, |newsletter');
-- check_map() says the same, what is derived last.
SELECT pv.declare_subject('users'), pv.declare_link('entry', '{user_id}', 'users') \g /dev/null
SELECT replace(statement, '; SELECT', E';\nSELECT') FROM pv.check_map() WHERE relation = 'entry'::regclass::text OR relation = 'guess.entry';
SELECT pv.undeclare_link('entry', 'user_id'), pv.undeclare_subject('users') \g /dev/null
-- No line has a place to be filled in, and a table without a key says so.
SELECT count(*) FROM said('users', '\{\.\.\.\}');
CREATE TABLE keyless (name text, email text);
SELECT said('keyless', 'subject');
CREATE TABLE keyed (number text UNIQUE, name text);
SELECT said('keyed', 'declare_subject');

-- A row may be all of which a person's row is a part; what hangs on it is the person's, too.
CREATE TABLE customer (id int PRIMARY KEY, name text, email text);
CREATE TABLE transactions (id int PRIMARY KEY, table_name text, approved_by int REFERENCES customer);
CREATE TABLE receivable (id int PRIMARY KEY REFERENCES transactions, customer_id int REFERENCES customer, notes text);
CREATE TABLE posting (id int PRIMARY KEY, trans_id int REFERENCES transactions, memo text);
SELECT said('customer', 'transactions');
-- A table is named after the first of its words; what is said of somebody else is asked for.
CREATE TABLE gpx_files (id int PRIMARY KEY, customer_id int);
CREATE TABLE gps_points (id int PRIMARY KEY, gpx_id int, latitude float8, longitude float8);
CREATE TABLE customer_mutes (id int PRIMARY KEY, owner_id int, subject_id int);
SELECT relation, columns, parent, confidence FROM pv.candidate_links('customer') WHERE relation IN ('gps_points'::regclass, 'customer_mutes');

RESET search_path;
DROP SCHEMA guess CASCADE;
DROP EXTENSION pvext;
