-- Rows that persons refer to: how they are declared, and what is refused.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
SET client_min_messages = notice;
CREATE SCHEMA shared;
SET search_path = shared;

CREATE TABLE address (id int PRIMARY KEY, street text, town text);
CREATE TABLE member (id int PRIMARY KEY, email text UNIQUE, ship int REFERENCES address, bill int REFERENCES address,
                     best int UNIQUE REFERENCES address);
CREATE INDEX ON member (ship);
SELECT pv.declare_subject('member');
SELECT pv.declare_personal('member', '{email}', 'identifying');

-- Columns that are not unique are those of several; so it is said, and so may it be.
SELECT pv.declare_link('address', '{id}', 'member', '{ship}');
SELECT pv.declare_link('address', '{id}', 'member', '{bill}', shared => 'last');
SELECT pv.declare_link('address', '{id}', 'member', '{best}', name => 'best', shared => 'any');
SELECT name, columns, parent, parent_columns, shared FROM pv.link ORDER BY 1;
SELECT pv.declare_link('address', '{id}', 'member', '{ship}', name => 'again', shared => 'first');
SELECT pv.declare_link('address', '{id}', 'member', '{bill}', name => 'best', shared => 'last');

-- Who refers to them is found by an index, too.
SELECT relation, column_name, problem, hint FROM pv.check_map() WHERE problem NOT LIKE '%not classified%';
CREATE INDEX ON member (bill);
SELECT relation, column_name, problem, hint FROM pv.check_map() WHERE problem NOT LIKE '%not classified%';

-- Their columns are about whoever refers to them: by whichever link, also one that is declared later.
SELECT pv.declare_personal('address', '{street}', 'contact');
SELECT column_name, paths FROM pv.personal WHERE relation = 'address'::regclass;
SELECT pv.undeclare_link('address', 'best');
SELECT pv.declare_personal('address', '{town}', 'contact', links => '{id,member_bill}');
CREATE TABLE house (address int REFERENCES address, views text);
CREATE INDEX ON house (address);
SELECT pv.declare_link('house', '{address}', 'address');
SELECT pv.declare_personal('house', '{views}', 'other');
CREATE TABLE visit (id int PRIMARY KEY, member int NOT NULL REFERENCES member, host int REFERENCES member, place int REFERENCES address);
CREATE INDEX ON visit (member);
CREATE INDEX ON visit (place);
SELECT pv.declare_link('visit', '{member}', 'member');
SELECT pv.declare_link('address', '{id}', 'visit', '{place}', name => 'visited', shared => 'last');
SELECT relation, column_name, paths FROM pv.personal ORDER BY 1, 2;
-- Not the one that is left out of what belongs to them.
SELECT pv.undeclare_personal('house');
SELECT pv.undeclare_personal('address');
SELECT pv.undeclare_link('address', 'visited');
SELECT pv.declare_personal('address', '{street}', 'contact');
SELECT pv.declare_personal('house', '{views}', 'other');
SELECT pv.declare_link('address', '{id}', 'visit', '{place}', name => 'visited', shared => 'last', inherit => false);
SELECT relation, column_name, paths FROM pv.personal ORDER BY 1, 2;
-- Where what refers may be several persons' it must be said whose.
SELECT pv.declare_link('visit', '{host}', 'member');
SELECT pv.declare_personal('address', '{street}', 'contact');
SELECT pv.undeclare_link('visit', 'host');
-- Where rows also belong to somebody by an ordinary link it must be said, too.
ALTER TABLE address ADD COLUMN owner int REFERENCES member;
CREATE INDEX ON address (owner);
SELECT pv.undeclare_personal('address');
SELECT pv.declare_link('address', '{owner}', 'member');
SELECT pv.declare_personal('address', '{street}', 'contact');
SELECT pv.declare_personal('address', '{street}', 'contact', links => '{id,member_bill}');
SELECT pv.undeclare_personal('address');
SELECT pv.undeclare_personal('house');
SELECT pv.undeclare_link('address', 'owner');
ALTER TABLE address DROP COLUMN owner;

-- Not for rows that refer to one of the parent's, nor for rows that cannot be told apart.
SELECT pv.declare_link('visit', '{member}', 'member', name => 'again', shared => 'last');
CREATE TABLE plain (id int, words text);
CREATE INDEX ON plain (id);
SELECT pv.declare_link('plain', '{id}', 'member', '{ship}');
SELECT pv.declare_link('plain', '{id}', 'member', '{ship}', shared => 'any');
-- A key that several hold is matched as any other.
SELECT pv.declare_link('plain', '{words}', 'member', '{ship}', name => 'words', shared => 'any');
SELECT pv.declare_link('address', '{street}', 'visit', '{place}', name => 'odd', shared => 'any');

-- Rows that are deleted must not be referred to any more.
SELECT pv.declare_link('address', '{id}', 'member', '{ship}', name => 'gone', on_erase => 'delete', shared => 'last');
SELECT pv.declare_personal('member', '{ship}', 'contact', erase_with => 'null');
SELECT pv.declare_link('address', '{id}', 'member', '{ship}', name => 'gone', on_erase => 'delete', shared => 'last');
CREATE TABLE photo (id int PRIMARY KEY, picture text);
CREATE TABLE album (id int PRIMARY KEY, member int REFERENCES member, photo int REFERENCES photo ON DELETE CASCADE,
                    cover int REFERENCES photo ON DELETE SET NULL);
CREATE INDEX ON album (member);
CREATE INDEX ON album (photo);
CREATE INDEX ON album (cover);
SELECT pv.declare_link('album', '{member}', 'member');
SELECT pv.declare_link('photo', '{id}', 'album', '{photo}', on_erase => 'delete', shared => 'last');
ALTER TABLE album DROP CONSTRAINT album_photo_fkey;
SELECT pv.declare_link('photo', '{id}', 'album', '{photo}', on_erase => 'delete', shared => 'last');
SELECT pv.declare_link('photo', '{id}', 'album', '{cover}', on_erase => 'delete', shared => 'last');
SELECT problem FROM pv.check_map() WHERE severity = 'error';

-- With the first, also those of others: their references must empty themselves.
SELECT pv.declare_link('address', '{id}', 'member', '{ship}', name => 'first', on_erase => 'delete', shared => 'any');
\echo :SQLSTATE
SELECT pv.undeclare_link('photo', name) FROM pv.link WHERE relation = 'photo'::regclass;
SELECT pv.undeclare_link('album', 'member');
SELECT pv.declare_link('album', '{member}', 'member', on_erase => 'delete');
ALTER TABLE album ADD CONSTRAINT album_photo_fkey FOREIGN KEY (photo) REFERENCES photo ON DELETE CASCADE;
SELECT pv.declare_link('photo', '{id}', 'album', '{photo}', on_erase => 'delete', shared => 'any');
SELECT pv.declare_link('photo', '{id}', 'album', '{cover}', on_erase => 'delete', shared => 'any');
ALTER TABLE album DROP CONSTRAINT album_photo_fkey;
SELECT pv.declare_link('photo', '{id}', 'album', '{cover}', on_erase => 'delete', shared => 'any');
ALTER TABLE album DROP CONSTRAINT album_cover_fkey, ADD CONSTRAINT album_cover_fkey FOREIGN KEY (cover) REFERENCES photo;
SELECT relation, severity, problem FROM pv.check_map() WHERE problem ~ 'foreign key' AND relation ~ 'album';
-- Where one alone can refer they are his.
ALTER TABLE album ADD UNIQUE (cover);
SELECT relation, severity, problem FROM pv.check_map() WHERE problem ~ 'foreign key' AND relation ~ 'album';

-- Of what refers it may be open whose it is: only who declares columns has to say so.
CREATE TABLE venue (id int PRIMARY KEY, town text);
CREATE TABLE party (id int PRIMARY KEY, guest int REFERENCES member, host int REFERENCES member, place int REFERENCES venue);
CREATE INDEX ON party (guest);
CREATE INDEX ON party (host);
CREATE INDEX ON party (place);
SELECT pv.declare_link('party', '{guest}', 'member');
SELECT pv.declare_link('party', '{host}', 'member');
SELECT pv.declare_link('venue', '{id}', 'party', '{place}', shared => 'last');
SELECT pv.declare_personal('venue', '{town}', 'contact');
SELECT pv.declare_personal('venue', '{town}', 'contact', links => '{id.host,id.guest}');
SELECT column_name, paths FROM pv.personal WHERE relation = 'venue'::regclass;

-- Columns of any name.
CREATE TABLE "a ""b" ("the id" int PRIMARY KEY, "it's" text);
CREATE TABLE "c.d" ("k" int PRIMARY KEY, "to '$1" int REFERENCES "a ""b", m int REFERENCES member);
CREATE INDEX ON "c.d" ("to '$1");
CREATE INDEX ON "c.d" (m);
SELECT pv.declare_link('"c.d"', '{m}', 'member');
SELECT pv.declare_link('"a ""b"', '{"the id"}', '"c.d"', ARRAY['to ''$1']::name[], shared => 'last');
SELECT pv.declare_personal('"a ""b"', ARRAY['it''s']::name[], 'contact', erase_with => 'null');
ALTER TABLE "c.d" RENAME COLUMN "to '$1" TO "renamed";
ALTER TABLE "a ""b" RENAME COLUMN "the id" TO "ID";
SELECT relation, columns, parent, parent_columns, shared FROM pv.link WHERE parent = '"c.d"'::regclass;
INSERT INTO member (id, email) VALUES (1, 'one'), (2, 'two');
INSERT INTO "a ""b" VALUES (1, 'of both'), (2, 'of one');
INSERT INTO "c.d" VALUES (1, 1, 1), (2, 1, 2), (3, 2, 1);
SELECT state FROM pv.erase_subject('member', 1);
TABLE "a ""b" ORDER BY 1;
SELECT state FROM pv.erase_subject('member', 2);
TABLE "a ""b" ORDER BY 1;

-- Nothing but what is personal is asked for: what refers, and is referred by, is a key.
SELECT relation, column_name, problem FROM pv.check_map() WHERE problem LIKE '%not classified%' ORDER BY 1, 2;
-- The primary key has gone by which rows are known that stay.
ALTER TABLE "a ""b" DROP CONSTRAINT "a ""b_pkey" CASCADE;
SELECT relation, severity, problem, hint FROM pv.check_map() WHERE severity = 'error';
SELECT state FROM pv.erase_subject('member', 2);

SET client_min_messages = warning;
DROP SCHEMA shared CASCADE;
DROP EXTENSION pvext;
