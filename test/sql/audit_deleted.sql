-- Of a row that is deleted the audit log keeps no value but surrogate keys: not
-- the e-mail address that was its key, nor where it is repeated.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE VIEW public.trail AS
    SELECT relation, operation, key, old, new, redacted FROM pv.audit_trail ORDER BY id, n;
-- Where a text is found in the log, in clear
CREATE FUNCTION public.found(what text) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM pv.audit_trail WHERE concat(key, old, new) LIKE '%' || what || '%' $$;

CREATE TABLE public.person (id int PRIMARY KEY, name text);
SELECT pv.declare_subject('public.person'), pv.declare_personal('public.person', '{name}', 'identifying');

-- A natural key, declared as what identifies nobody, and one that is not declared at all
CREATE TABLE public.mail (person int REFERENCES public.person, mail text, PRIMARY KEY (person, mail));
CREATE TABLE public.phone (phone bigint PRIMARY KEY, person int REFERENCES public.person, kind text);
-- what repeats it, at any distance, by a foreign key or without
CREATE TABLE public.call (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, phone bigint REFERENCES public.phone, at date);
CREATE TABLE public.tap (n int, phone bigint, PRIMARY KEY (phone, n), heard text);
-- surrogates: a sequence's, a uuid, and links to them
CREATE TABLE public.session (id serial PRIMARY KEY, token uuid NOT NULL UNIQUE, person int REFERENCES public.person, device text);
CREATE TABLE public.click (session int REFERENCES public.session, token uuid, page text, PRIMARY KEY (session, page));
SELECT pv.declare_link('public.mail', '{person}', 'public.person', on_erase => 'delete'),
    pv.declare_link('public.phone', '{person}', 'public.person', on_erase => 'delete'),
    pv.declare_link('public.call', '{phone}', 'public.phone', on_erase => 'delete');
SELECT pv.declare_link('public.tap', '{phone}', 'public.phone', on_erase => 'delete');
SELECT pv.declare_link('public.session', '{person}', 'public.person', on_erase => 'delete'),
    pv.declare_link('public.click', '{session}', 'public.session', on_erase => 'delete');
SELECT pv.declare_not_personal(t) FROM unnest('{public.mail,public.phone,public.call,public.tap,public.session,public.click}'::regclass[]) AS t;
SELECT pv.enable_audit(t) FROM unnest('{public.person,public.mail,public.phone,public.call,public.tap,public.session,public.click}'::regclass[]) AS t;
INSERT INTO public.person VALUES (1, 'Ada Berg'), (2, 'Bo Dahl');
INSERT INTO public.mail VALUES (1, 'ada@x.no'), (1, 'old@x.no'), (2, 'bo@x.no');
INSERT INTO public.phone VALUES (91100001, 1, 'mobile'), (91100002, 2, 'mobile');
INSERT INTO public.call (phone, at) VALUES (91100001, '2024-01-01'), (91100002, '2024-01-02');
INSERT INTO public.tap VALUES (1, 91100001, 'hello'), (1, 91100002, 'good bye');
INSERT INTO public.session (token, person, device) VALUES ('11111111-1111-1111-1111-111111111111', 1, 'Ada''s phone'), ('22222222-2222-2222-2222-222222222222', 2, 'Bo''s phone');
INSERT INTO public.click VALUES (1, '11111111-1111-1111-1111-111111111111', '/ada'), (2, NULL, '/bo');
-- a key that was another before, a row that the application deleted, and rows that went with TRUNCATE
UPDATE public.mail SET mail = 'new@x.no' WHERE mail = 'ada@x.no';
DELETE FROM public.mail WHERE mail = 'old@x.no';
CREATE TABLE public.file (name text PRIMARY KEY, person int REFERENCES public.person);
SELECT pv.declare_link('public.file', '{person}', 'public.person', on_erase => 'delete'), pv.declare_not_personal('public.file'), pv.enable_audit('public.file');
INSERT INTO public.file VALUES ('cv of ada.pdf', 1), ('cv of bo.pdf', 2);
TRUNCATE public.file;
SELECT state FROM pv.erase_subject('public.person', 1);
SELECT found('ada'), found('old@'), found('new@'), found('91100001'), found('hello'), found('Ada');
SELECT * FROM public.trail WHERE key::text !~ '2' OR key IS NULL;
-- the other's stays
SELECT found('bo@x.no'), found('91100002'), found('cv of bo'), found('/bo');
SELECT count(*) FROM pv.subject_trail('public.person', 2);
SELECT count(*) FROM pv.subject_trail('public.person', 1);
SELECT pv.seal_audit() >= 0 AS sealed;
SELECT * FROM pv.verify_audit();

-- While something is held, what others are found by stays, and what is not, goes.
CREATE TABLE public.invoice (id int PRIMARY KEY, person int REFERENCES public.person, address text, issued date);
SELECT pv.declare_link('public.invoice', '{person}', 'public.person'), pv.declare_personal('public.invoice', '{address}', 'contact'),
    pv.declare_not_personal('public.invoice');
SELECT pv.declare_retention('public.invoice', 'bookkeeping', '5 years', 'issued', 'bookkeeping act', mandatory => true);
INSERT INTO public.invoice VALUES (1, 2, 'Street 1', current_date);
SELECT state FROM pv.erase_subject('public.person', 2);
SELECT found('bo@x.no'), found('91100002'), found('cv of bo'), found('/bo'), found('good bye');
UPDATE public.invoice SET issued = current_date - 4000;
SELECT state FROM pv.erase_subject('public.person', 2);
SELECT found('bo@x.no'), found('91100002'), found('cv of bo'), found('/bo');

-- Rows that a retention rule deletes
CREATE TABLE public.login (mail text PRIMARY KEY, at date NOT NULL);
CREATE TABLE public.attempt (mail text, n int, PRIMARY KEY (mail, n));
SELECT pv.declare_subject('public.login'), pv.declare_link('public.attempt', '{mail}', 'public.login', on_erase => 'delete');
SELECT pv.declare_retention('public.login', 'old', '1 year', 'at', 'privacy statement', action => 'delete');
SELECT pv.enable_audit('public.login'), pv.enable_audit('public.attempt');
INSERT INTO public.login VALUES ('eva@x.no', '2020-01-01'), ('liv@x.no', current_date);
INSERT INTO public.attempt VALUES ('eva@x.no', 1), ('liv@x.no', 1);
SELECT pv.activate_retention('public.login', 'old', 1);
CALL pv.purge();
SELECT mail FROM public.login;
SELECT found('eva@x.no'), found('liv@x.no');
SELECT count(*) FROM pv.subject_trail('public.login', 'liv@x.no');

-- Reads name subjects by the key that was declared, which need not be the primary key.
CREATE TABLE public.account (id serial PRIMARY KEY, mail text NOT NULL UNIQUE, ip text, at date NOT NULL);
SELECT pv.declare_subject('public.account', '{mail}'), pv.declare_personal('public.account', '{ip}', 'online'),
    pv.declare_retention('public.account', 'old', '1 year', 'at', 'privacy statement', action => 'delete'), pv.enable_audit('public.account');
INSERT INTO public.account (mail, ip, at) VALUES ('eva@y.no', '::1', '2020-01-01'), ('liv@y.no', '::2', current_date);
SELECT ip FROM public.account WHERE mail = 'eva@y.no';
SELECT ip FROM public.account WHERE mail = 'liv@y.no';
SELECT pv.drain_reads() >= 0 AS drained;
SELECT keys, redacted FROM pv.access_log ORDER BY id, n;
SELECT pv.activate_retention('public.account', 'old', 1);
CALL pv.purge();
SELECT keys, redacted FROM pv.access_log ORDER BY id, n;
SELECT found('eva@y.no'), found('liv@y.no');
SELECT operation, key FROM public.trail WHERE relation = 'public.account';
