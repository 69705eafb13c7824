-- What redact finds does not depend on the database's encoding and locale.
SELECT current_database() AS db \gset
SET client_min_messages = warning;
CREATE DATABASE regress_latin1 TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C';
CREATE DATABASE regress_euc_jp TEMPLATE template0 ENCODING 'EUC_JP' LC_COLLATE 'C' LC_CTYPE 'C';
CREATE DATABASE regress_mule TEMPLATE template0 ENCODING 'MULE_INTERNAL' LC_COLLATE 'C' LC_CTYPE 'C';
CREATE DATABASE regress_ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C';
\pset format unaligned
\pset tuples_only on

\c regress_latin1
SET client_min_messages = warning; SET client_encoding = 'UTF8';
CREATE EXTENSION pvext CASCADE;
CREATE TABLE c (id int PRIMARY KEY, name text NOT NULL, note text, doc jsonb, raw json, short varchar(12));
SELECT pv.declare_subject('c'), pv.declare_personal('c', '{name}', 'identifying'),
       pv.declare_personal('c', '{note,doc,raw,short}', 'text', erase_with => 'redact') \g /dev/null
INSERT INTO c VALUES (1, 'Jos' || chr(233) || ' Gro' || chr(223), 'JOS' || chr(201) || chr(160) || 'GROSS & Jos%E9 Gro&szlig; & Jose',
    json_build_object('n', 'jos' || chr(233) || ' gross'), '{"n": "Jos\u00e9 Gro\u00df, Jose\u0301 GROSS"}', 'jos' || chr(233) || ' gross');
SELECT state FROM pv.erase_subject('c', 1);
SELECT * FROM c;
SELECT * FROM pv.verify_erasure('c', 1);

\c regress_euc_jp
SET client_min_messages = warning; SET client_encoding = 'UTF8';
CREATE EXTENSION pvext CASCADE;
CREATE TABLE c (id int PRIMARY KEY, name text NOT NULL, note text, doc jsonb, raw json, short varchar(12));
SELECT pv.declare_subject('c'), pv.declare_personal('c', '{name}', 'identifying'),
       pv.declare_personal('c', '{note,doc,raw,short}', 'text', erase_with => 'redact') \g /dev/null
-- Yamada Taro, an ideographic space, full width, half width
INSERT INTO c SELECT 1, a.yamada || ' ' || a.taro, a.yamada || a.space || a.taro || ';' || a.yamada || '  ' || a.taro || ' &#23665;&#30000; &#22826;&#37070; ' || a.yamada,
    json_build_object(a.yamada || ' ' || a.taro, 1), '{"n": "\u5c71\u7530 \u592a\u90ce"}', a.yamada || ' ' || a.taro
FROM (SELECT convert_from('\xbbb3c5c4', 'EUC_JP') AS yamada, convert_from('\xc2c0cfba', 'EUC_JP') AS taro, convert_from('\xa1a1', 'EUC_JP') AS space) AS a;
SELECT state FROM pv.erase_subject('c', 1);
SELECT id, name, encode(convert_to(note, 'EUC_JP'), 'escape') AS note, doc, raw, short FROM c;
SELECT * FROM pv.verify_erasure('c', 1);

\c regress_mule
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
SELECT pv.redact_text(convert_from('\x414441204c8ae9', 'MULE_INTERNAL') || 'x Ada', '{ada}', '*') = '* ' || convert_from('\x4c8ae9', 'MULE_INTERNAL') || 'x *';

\c regress_ascii
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE TABLE c (id int PRIMARY KEY, name text NOT NULL, note text, doc jsonb, raw json, short varchar(12));
SELECT pv.declare_subject('c'), pv.declare_personal('c', '{name}', 'identifying'),
       pv.declare_personal('c', '{note,doc,raw,short}', 'text', erase_with => 'redact') \g /dev/null
-- UTF-8 and LATIN1 side by side: nobody says what the bytes are
INSERT INTO c VALUES
    (1, convert_from('\x4a6f73c3a9', 'SQL_ASCII'), convert_from('\x4a4f53c389204a4f53c920', 'SQL_ASCII') || 'Jos%C3%A9 Jose', '{"n": "JOSE"}', '{"n": "Jos\u00e9"}', convert_from('\x4a6f73e9', 'SQL_ASCII')),
    (2, convert_from('\x4f92427269656e', 'SQL_ASCII'), 'O''Brien ' || convert_from('\x4fe2809942524945', 'SQL_ASCII') || 'N ' || convert_from('\xff', 'SQL_ASCII'), '{}', '{}', 'obrien');
SELECT state FROM pv.erase_subjects('c', '{1,2}');
SELECT id, name, encode(note::bytea, 'escape') AS note, doc, raw, short FROM c ORDER BY id;
SELECT * FROM pv.verify_erasure('c', 1) UNION ALL SELECT * FROM pv.verify_erasure('c', 2);

\c :db
DROP DATABASE regress_latin1;
DROP DATABASE regress_euc_jp;
DROP DATABASE regress_mule;
DROP DATABASE regress_ascii;
